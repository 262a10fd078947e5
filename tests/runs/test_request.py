"""A run's key changes with everything that can move a score, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.errors import UsageError
from bench.runs.job import Job, Settings
from tests.inprocess import resolve_here
from tests.runs.conftest import Workshop


def _key(workshop: Workshop, **settings: Any) -> str:
    return workshop.job("Dropped", "glyphs-5w1s", **settings).key


def _with_state(job: Job, **changes: Any) -> str:
    return replace(job, state=replace(job.state, **changes)).key


def test_what_changes_a_key(workshop: Workshop) -> None:
    workshop.recipe("Dropped", steps=50)
    job = workshop.job("Dropped", "glyphs-5w1s")
    weights = workshop.folder / "weights"
    weights.write_bytes(b"w")
    keys = {
        "as it is": _key(workshop),
        "seed": _key(workshop, seed=1),
        "option": _key(workshop, overrides={"width": "9"}),
        "budget": _key(workshop, budget="full"),
        "precision": _key(workshop, precision="bf16"),
        "strategy": _key(workshop, strategy="loop"),
        "not trained": _key(workshop, train=False, checkpoint=weights),
        "manifest": _with_state(job, manifest="other"),
        "images": _with_state(job, fingerprint="other"),
        "checkpoint": _key(workshop, checkpoint=weights),
        "suite": workshop.job("Dropped", "glyphs-5w5s").key,
    }
    workshop.recipe("Dropped", steps=50, batch=2)
    keys["recipe"] = _key(workshop)
    workshop.recipe("Dropped", steps=50)
    assert _key(workshop) == keys["as it is"]
    source = workshop.folder / "tiny.py"
    text = source.read_text()
    source.write_text(text + "\nANOTHER = 1\n")
    keys["source"] = _key(workshop)
    source.write_text(text.replace("import bench\n", "import bench\nimport helper\n", 1))
    (workshop.folder / "helper.py").write_text("ONE = 1\n")
    keys["one more import"] = _key(workshop)
    (workshop.folder / "helper.py").write_text("ONE = 2\n")
    keys["a module that is imported"] = _key(workshop)
    assert len(set(keys.values())) == len(keys), keys


def test_what_does_not_change_a_key(workshop: Workshop) -> None:
    same = [
        {"episodes": 500},
        {"device": "cuda"},
        {"device": "auto"},
        {"force": True},
        {"runs": "elsewhere"},
        {"command": "bench run"},
        {"n_configs_tried": 9},
        {"data_dir": Path("data")},
        {"overrides": {"width": "8"}},  # the default, said aloud
        {"recipe": "defaults"},  # what a learner without recipes gets
    ]
    assert {_key(workshop, **settings) for settings in same} == {_key(workshop)}


def test_windows_line_ends_are_the_same_source(workshop: Workshop) -> None:
    before = _key(workshop)
    source = workshop.folder / "tiny.py"
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    assert _key(workshop) == before


def test_training_does_not_matter_to_a_learner_that_has_none(workshop: Workshop) -> None:
    keys = {workshop.job("chance", "glyphs-5w1s", budget=b).key for b in ("full", "smoke")}
    assert len(keys) == 1
    (request,) = resolve_here("chance", "glyphs-5w1s", [0, 1, 2], Settings())
    assert request.seed is None and not request.trains


def test_one_request_a_seed_with_the_budgets_episodes(workshop: Workshop) -> None:
    requests = resolve_here("protonet", "glyphs-5w1s", [0, 3], Settings(budget="short"))
    assert [r.seed for r in requests] == [0, 3] and requests[0].episodes == 2_000
    assert requests[0].recipe_name == "fast" and requests[0].recipe.steps == 30
    assert workshop.job("chance", "glyphs-5w1s").episodes == 100


@pytest.mark.parametrize("episodes", [-1, 1, 10_001])
def test_episodes_lie_in_the_manifest(workshop: Workshop, episodes: int) -> None:
    with pytest.raises(UsageError, match=r"2\.\.10,000"):
        workshop.job("chance", "glyphs-5w1s", episodes=episodes)
