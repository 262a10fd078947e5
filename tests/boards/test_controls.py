"""Who sharpens whose mean: a rule about records alone, and what is said of the result."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.boards.compare import halves
from bench.boards.compare.controls import Controls, find_controls
from bench.boards.compare.planning import plan_from_runs
from bench.boards.compare.sharpened import SharpenedRun, sharpened_run
from bench.boards.render.sharpened import sharpened_json, sharpened_line
from bench.records import Record, RunStore
from bench.records.store import SCORES
from bench.stats import control_variates
from tests.records.factory import accuracy_scores, make_record, regression_scores, store_run

EASY = np.random.default_rng(0).normal(size=10_000)


def scores(n: int, closeness: float = 0.8, seed: int = 0) -> pd.DataFrame:
    """Accuracies that follow the common difficulty of the episodes."""
    own = np.random.default_rng(seed + 1).normal(size=10_000)
    accuracy = np.clip(0.7 + 0.05 * (closeness * EASY + (1 - closeness**2) ** 0.5 * own), 0.0, 1.0)[:n]
    frame = accuracy_scores(n)
    frame["n_correct"] = np.round(75 * accuracy).astype(np.int32)
    frame["score"] = frame["n_correct"] / 75
    return frame


def errors(n: int, seed: int = 0) -> pd.DataFrame:
    frame = regression_scores(n)
    own = np.random.default_rng(seed + 1).normal(size=10_000)
    frame["score"] = np.exp(EASY + 0.5 * own)[:n]
    return frame


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three others on 2,000 episodes, relnet and r2d2 with more than one run."""
    root = tmp_path / "published"
    store_run(root, scores(2000, 0.8, 1), algorithm__name="relnet")
    store_run(root, scores(2000, 0.8, 2), algorithm__name="relnet", seed=1)
    store_run(root, scores(2000, 0.9, 3), algorithm__name="r2d2", seed=2, algorithm__overrides={"way": 9})
    store_run(root, scores(2000, 0.9, 4), algorithm__name="r2d2", seed=4)
    store_run(root, scores(2000, 0.3, 5), algorithm__name="chance", seed=None, algorithm__trains=False)
    return root


def found(root: Path, **changes: Any) -> Controls | None:
    record = make_record(scores(400), **changes)
    return find_controls([root], record, "accuracy", more_than=record.episodes)


def test_one_run_a_learner_closest_to_the_others_first(root: Path) -> None:
    controls = found(root)
    assert controls is not None and controls.names == ("r2d2", "relnet", "chance")
    assert [control.record.seed for control in controls.known] == [4, 0, None]
    assert controls.scores.shape == (2000, 3)
    np.testing.assert_array_equal(controls.scores[:, 0], scores(2000, 0.9, 4)["score"])


@pytest.mark.parametrize(
    "same",
    [
        {"seed": 7},
        {"algorithm__options": {"backbone": "wide"}, "algorithm__overrides": {"backbone": "wide"}},
        {"recipe": "paper"},
        {"algorithm__source_sha256": "99" * 32},
        {"algorithm__origin": "elsewhere/protonet.py:ProtoNet"},
    ],
)
def test_a_learner_never_sharpens_itself(root: Path, same: dict[str, Any]) -> None:
    store_run(root, scores(2000, 0.99, 9), **same)
    assert (controls := found(root)) is not None and "protonet" not in controls.names


@pytest.mark.parametrize(
    "other",
    [
        {"budget": "smoke"},
        {"suite__version": 2},
        {"suite__manifest_sha256": "77" * 32},
        {"suite__data_fingerprint": "77" * 32},
        {"status": "failed", "reason": "leaks"},
    ],
)
def test_other_episodes_and_unfinished_runs_are_no_controls(root: Path, other: dict[str, Any]) -> None:
    store_run(root, scores(2000, 0.99, 9), algorithm__name="maml", **other)
    assert (controls := found(root)) is not None and "maml" not in controls.names


def test_an_oracle_is_a_control(root: Path) -> None:
    store_run(root, scores(2000, 0.95, 9), algorithm__name="oracle", algorithm__privileged="the labels")
    assert (controls := found(root)) is not None and controls.names[0] in ("oracle", "r2d2")
    assert "oracle" in controls.names


def test_the_stream_is_as_long_as_three_have_answered_it(root: Path) -> None:
    for seed, name in enumerate(("maml", "anil")):
        store_run(root, scores(10_000, 0.8, 20 + seed), algorithm__name=name)
    assert (controls := found(root)) is not None and controls.scores.shape == (2000, 5)
    store_run(root, scores(5000, 0.8, 30), algorithm__name="reptile")
    assert (controls := found(root)) is not None and controls.scores.shape == (5000, 3)


def test_nobody_else_with_more_episodes_means_no_controls(root: Path, tmp_path: Path) -> None:
    assert find_controls([root], make_record(scores(2000)), "accuracy", more_than=2000) is None
    assert found(tmp_path / "empty") is None


def test_a_damaged_run_is_no_control(root: Path) -> None:
    path = next(path for path in root.glob("*/chance/*"))
    (path / SCORES).write_bytes(b"no parquet")
    assert (controls := found(root)) is not None and controls.names == ("r2d2", "relnet")


def test_the_choice_does_not_look_at_the_learner_s_scores(root: Path) -> None:
    a, b = make_record(scores(400, 0.1, 50)), make_record(scores(400, 0.99, 51))
    first, second = (find_controls([root], record, "accuracy", more_than=400) for record in (a, b))
    assert first is not None and second is not None and first.names == second.names


def sharpen(root: Path, runs: Path, frame: pd.DataFrame, **changes: Any) -> tuple[SharpenedRun | None, Record]:
    path = store_run(runs, frame, **changes)
    store = RunStore(runs)
    record = store.read(path)
    return sharpened_run([root], store, path, record), record


def test_a_short_run_is_sharpened_as_the_statistics_say(root: Path, tmp_path: Path) -> None:
    run, _ = sharpen(root, tmp_path / "runs", scores(400))
    controls = found(root)
    assert run is not None and controls is not None
    expected = control_variates(scores(400)["score"], controls.scores)
    assert (run.plain, run.sharpened, run.episodes) == (expected.plain, expected.sharpened, 2000)
    line = sharpened_line(run)
    assert re.fullmatch(
        r"plain [\d.]+ ± [\d.]+ %; sharpened with r2d2, relnet, chance over 2,000 episodes: "
        r"[\d.]+ ± [\d.]+ % \(variance / [\d.]+\)",
        line,
    ), line
    written = sharpened_json(run)
    assert json.loads(json.dumps(written))["controls"] == ["r2d2", "relnet", "chance"]
    assert written["plain"]["mean"] == pytest.approx(scores(400)["score"].mean())


def test_errors_are_sharpened_on_logarithms(tmp_path: Path) -> None:
    root = tmp_path / "published"
    for seed, name in enumerate(("cnp", "anil", "reptile")):
        store_run(root, errors(2000, 60 + seed), algorithm__name=name)
    run, _ = sharpen(root, tmp_path / "runs", errors(400, 90), algorithm__name="maml")
    assert run is not None and run.geometric
    logs = np.log(errors(400, 90)["score"])
    assert run.plain.mean == pytest.approx(np.exp(logs.mean())) and run.plain.low > 0
    assert run.variance_ratio > 2 and run.sharpened.low < run.sharpened.mean < run.sharpened.high
    assert sharpened_line(run).startswith("plain geometric mean ")


def test_nothing_is_said_where_nothing_is_gained(root: Path, tmp_path: Path) -> None:
    unlike = accuracy_scores(400, 0.9, 77)
    assert sharpen(root, tmp_path / "a", unlike)[0] is None
    assert sharpen(root, tmp_path / "b", scores(2000))[0] is None
    assert sharpen(root, tmp_path / "c", None)[0] is None


def test_a_plan_counts_on_the_others(root: Path) -> None:
    own = np.random.default_rng(9).normal(size=2000)
    base = scores(2000, 0.0, 5)
    frame = base.copy()
    frame["score"] = np.clip(base["score"] + 0.04 * EASY[:2000] + 0.005 * own, 0, 1)
    frame["n_correct"] = np.round(75 * frame["score"]).astype(np.int32)
    frame["score"] = frame["n_correct"] / 75
    store_run(root, frame, algorithm__name="maml")
    store_run(root, base)
    plan = plan_from_runs([root], "glyphs-5w1s", ["maml", "protonet"], 0.5, 0.8, 0.95, None)
    plain, sharpened = plan.checkpoints
    assert sharpened.about == "sharpened by 3 others" and sharpened.episodes < 0.7 * plain.episodes
    assert sharpened.sd < plain.sd and "Sharpened by r2d2, relnet, chance over 2,000 episodes" in plan.note


def test_the_check_on_real_records_takes_every_learner_for_a_new_one(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = {m.learner: m for m in halves.measure([root], 1000, 60)}
    assert set(measured) == {"relnet", "r2d2", "chance"}
    relnet = measured["relnet"]
    assert (relnet.episodes, relnet.stream, relnet.controls) == (1000, 2000, 2)
    assert relnet.ratio > 1.5 and relnet.mse_ratio > 1.2 and relnet.held > 0.85
    (ring,) = [m for m in halves.measure([root], 400, 40, consecutive=True) if m.learner == "relnet"]
    assert ring.plain_held != relnet.plain_held and ring.ratio > 1.5
    assert not list(halves.measure([root], 1000, 2, suite="sinusoid-10s"))
    monkeypatch.setattr("sys.argv", ["halves", str(root), "--repetitions", "3"])
    assert halves.main() == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 + 3
