"""One key for one run, however it was typed, and another for whatever can move a score."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.learners import registry
from bench.learners.loading import load
from bench.learners.registry import find_learner
from bench.resources import resource
from tests.inprocess import resolve_here
from tests.runs.conftest import Workshop

SUITE = """
schema: 1
suites:
  gp:
    version: 1
    title: first
    metric: loglik
    task: {kind: gp1d, train_kernel: rbf, test_kernel: rbf, length: [0.1, 0.6], scale: [0.1, 1.0], period: [1, 1],
      noise: 0.02, x: [-2, 2], context: [3, 10], target_min: 3, max_points: 20}
    validation: {checks: 2, episodes: 10}
"""


def test_a_file_typed_in_three_ways_and_a_copy_of_it(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workshop.folder)
    shutil.copy("tiny.py", "other.py")
    settings = workshop.job("chance", "sinusoid-10s").settings
    paths = ("tiny.py", "./tiny.py", f"../{workshop.folder.name}/tiny.py", workshop.folder / "tiny.py", "other.py")
    jobs = [resolve_here(f"{path}:Latent", "sinusoid-10s", [0], settings)[0] for path in paths]
    assert len({job.key for job in jobs}) == 1
    assert len({workshop.job(name, "sinusoid-10s").key for name in ("Latent", "Own", "chance", "maml")}) == 4


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("title: first", "title: second", True),
        ("metric: loglik", "metric: mse", False),
        ("checks: 2", "checks: 3", False),
        ("episodes: 10", "episodes: 11", False),
        ("noise: 0.02", "noise: 0.03", False),
        ("version: 1", "version: 2", False),
    ],
)
def test_a_suites_definition(workshop: Workshop, before: str, after: str, same: bool) -> None:
    file = workshop.folder / "tasks.yaml"
    keys = []
    for text in (SUITE, SUITE.replace(before, after)):
        file.write_text(text)
        keys.append(workshop.job("cnp", "gp", tasks_file=file, recipe="defaults").key)
    assert (keys[0] == keys[1]) == same


@pytest.mark.parametrize(
    "change",
    [{"overrides": {"width": "9"}}, {"seed": 1}, {"precision": "bf16"}, {"strategy": "loop"}, {"budget": "short"}],
)
def test_a_request(workshop: Workshop, change: dict[str, object]) -> None:
    assert workshop.job("Dropped", "glyphs-5w1s", **change).key != workshop.job("Dropped", "glyphs-5w1s").key


def test_what_can_move_no_score(workshop: Workshop) -> None:
    key = workshop.job("Dropped", "glyphs-5w1s").key
    for change in ({"episodes": 70}, {"wait": True}, {"timeout": 9.0}, {"command": "bench"}, {"n_configs_tried": 3}):
        assert workshop.job("Dropped", "glyphs-5w1s", **change).key == key
    assert workshop.job("Dropped", "glyphs-5w1s", runs="elsewhere").key == key


def test_a_name_belongs_to_one_learner(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import bench\nclass MAML(bench.Learner):\n    family = 'model'\n")
    with pytest.raises(UsageError, match=r"would be called 'maml', which is baselines/maml\.py") as caught:
        find_learner(f"{tmp_path / 'mine.py'}:MAML")
    assert "Rename the class" in caught.value.fix


def test_an_installed_learner_takes_no_baselines_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    point = EntryPoint("chance", "tests.runs.tiny:Own", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    with pytest.raises(UsageError, match="takes the name 'chance'"):
        registry.all_learners()


def test_a_registered_learner_takes_no_baselines_name() -> None:
    from tests.runs.tiny import Own

    with pytest.raises(UsageError, match=r"which is baselines/maml\.py"):
        registry.register("maml", Own)


def test_the_path_of_a_baseline_is_the_baseline() -> None:
    file = resource("baselines") / "maml.py"
    assert find_learner(f"{file}:{find_learner('maml').class_name}") == find_learner("maml")


def test_two_adapters_with_neighbours_of_one_name_in_one_process(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / name / "parts"
        folder.mkdir(parents=True)
        (tmp_path / name / "helper.py").write_text(f"NAME = '{name}'\n")
        (folder / "__init__.py").write_text("from helper import NAME\n")
        code = f"import bench, helper, parts\nclass Of_{name}(bench.Learner):\n    family = 'model'\n    names = "
        (tmp_path / name / "method.py").write_text(code + "helper.NAME, parts.NAME\n")
    found = [load(find_learner(f"{tmp_path / name / 'method.py'}:Of_{name}")) for name in ("a", "b", "a")]
    assert [getattr(learner, "names") for learner in found] == [("a", "a"), ("b", "b"), ("a", "a")]  # noqa: B009
