"""Every recipe of every baseline is valid on every suite that it matches, options included."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from bench.domains.images.task import ImageTask
from bench.learners.options import resolve_options
from bench.learners.registry import all_learners, load
from bench.resources import resource
from bench.tasks.registry import all_suites
from bench.training.recipe_choice import check_fits, find_recipe, recipe_names
from bench.training.recipe_files import FOLDER

BASELINES = {name: info for name, info in all_learners().items() if info.origin.startswith("baselines/")}
NAMES = {name: recipe_names(info) for name, info in BASELINES.items()}
SUITES = all_suites()
RECIPES = [
    (learner, recipe, suite)
    for learner, recipes in NAMES.items()
    for recipe, patterns in recipes.items()
    for suite in SUITES
    if any(fnmatchcase(suite, pattern) for pattern in patterns)
]


def test_learners_that_train_have_both_recipes() -> None:
    for name, info in BASELINES.items():
        assert set(NAMES[name]) == ({"paper", "fast"} if load(info).trains else set()), name


def test_every_file_of_recipes_is_a_learners() -> None:
    files = {path.stem for path in (resource("baselines") / FOLDER).glob("*.yaml")}
    assert files == {name for name, recipes in NAMES.items() if recipes}


def test_every_pattern_is_the_first_of_some_suite() -> None:
    for learner, recipes in NAMES.items():
        for name, patterns in recipes.items():
            first = {next((p for p in patterns if fnmatchcase(suite, p)), None) for suite in SUITES}
            assert first >= set(patterns), f"{learner} {name}: {set(patterns) - first} can never be used"


@pytest.mark.parametrize("learner, name, suite", RECIPES)
def test_a_recipe_is_valid(learner: str, name: str, suite: str) -> None:
    recipe = find_recipe(BASELINES[learner], suite, name).recipe
    resolve_options(load(BASELINES[learner]), recipe.options)
    task = SUITES[suite].task
    if isinstance(task, ImageTask):
        assert task.pool is not None
        check_fits(name, recipe, (task.way, task.shot, task.query), *task.pool["train"])
    if learner == "maml" and recipe.options.get("report_steps"):
        assert recipe.options["test_steps"] in recipe.options["report_steps"]


@pytest.mark.parametrize("learner, name, suite", RECIPES)
def test_budgets_scale_steps_and_schedule_together(learner: str, name: str, suite: str) -> None:
    recipe = find_recipe(BASELINES[learner], suite, name).recipe
    assert recipe.scaled("full") == recipe
    short, smoke = recipe.scaled("short"), recipe.scaled("smoke")
    assert short.steps == recipe.steps // 10 and smoke.steps == 20
    if recipe.schedule.every:
        assert short.schedule.every == pytest.approx(recipe.schedule.every / 10)
