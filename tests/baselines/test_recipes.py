"""Every recipe of every baseline is valid on every suite that it matches, options included."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

import pytest

from bench.domains.images.task import ImageTask
from bench.learners.options import resolve_options
from bench.learners.registry import all_learners, load
from bench.resources import resource
from bench.runs import recipes
from bench.runs.recipes import find_recipe, recipe_names
from bench.tasks.registry import all_suites

FILE = resource("baselines") / "recipes.yaml"
SUITES = all_suites()
RECIPES = [
    (learner, recipe, suite)
    for learner in all_learners()
    for recipe, patterns in recipe_names(FILE, learner).items()
    for suite in SUITES
    if any(fnmatchcase(suite, pattern) for pattern in patterns)
]


@pytest.fixture(scope="module", autouse=True)
def one_read() -> Iterator[None]:
    """The file is parsed once, not for every case."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "_read", cache(recipes._read))
        yield


def test_learners_that_train_have_both_recipes() -> None:
    for name, info in all_learners().items():
        if info.origin.startswith("baselines/"):
            found = set(recipe_names(FILE, name))
            assert found == ({"paper", "fast"} if load(info).trains else set()), name


@pytest.mark.parametrize("learner, name, suite", RECIPES)
def test_a_recipe_is_valid(learner: str, name: str, suite: str) -> None:
    _, recipe = find_recipe(FILE, learner, suite, name)
    resolve_options(load(all_learners()[learner]), recipe.options)
    task = SUITES[suite].task
    if isinstance(task, ImageTask):
        assert task.pool is not None
        classes, images = task.pool["train"]
        assert (recipe.train.way or task.way) <= classes
        assert (recipe.train.shot or task.shot) + (recipe.train.query or task.query) <= images
    if learner == "maml" and recipe.options.get("report_steps"):
        assert recipe.options["test_steps"] in recipe.options["report_steps"]


@pytest.mark.parametrize("learner, name, suite", RECIPES)
def test_budgets_scale_steps_and_schedule_together(learner: str, name: str, suite: str) -> None:
    _, recipe = find_recipe(FILE, learner, suite, name)
    assert recipe.scaled("full") == recipe
    short, smoke = recipe.scaled("short"), recipe.scaled("smoke")
    assert short.steps == recipe.steps // 10 and smoke.steps == 20
    if recipe.schedule.every:
        assert short.schedule.every == pytest.approx(recipe.schedule.every / 10)
