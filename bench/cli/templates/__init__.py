"""What `bench new` writes: for each family a learner in its standard form, a recipe, and a test of it."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from bench.cli.templates import exploration, metric, model, optimization


@dataclass(frozen=True)
class Start:
    """A family's first files. In the texts `$title` is the class, `$module` its file's name, `$name` its recipe's.

    suite : one whose images or functions are generated, so that the learner runs on it at once
    """

    learner: Template
    recipe: Template
    suite: str


TEST = Template('''"""Does $title keep the contract, and does a run of it end well?

    python -m pytest $test
"""

from __future__ import annotations

from pathlib import Path

import pytest
from $module import $title

import bench
from bench.checks import CHECKS, examine
from bench.domains import TaskSpec, all_examples

TASKS = {name: task for name, task in all_examples().items() if task.kind in $title.domains}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_it_keeps_the_contract(task: TaskSpec) -> None:
    results = examine($title, $title.Options(), task, CHECKS)
    assert [f"{result.check}: {result.detail}" for result in results if result.state == "failed"] == []


def test_a_run_ends_well(tmp_path: Path) -> None:
    file = Path(__file__).with_name("$module.py")
    results = bench.run(f"{file}:$title", "$suite", budget="smoke", episodes=20, runs=tmp_path, quiet=True)
    assert [(outcome.status, outcome.reason) for outcome in results] == [("ok", "")]
''')

STARTS = {
    "metric": Start(Template(metric.LEARNER), Template(metric.RECIPE), "glyphs-5w1s"),
    "optimization": Start(Template(optimization.LEARNER), Template(optimization.RECIPE), "sinusoid-10s"),
    "model": Start(Template(model.LEARNER), Template(model.RECIPE), "gp1d-rbf"),
    "exploration": Start(Template(exploration.LEARNER), Template(exploration.RECIPE), "bandit-n10k5"),
}
