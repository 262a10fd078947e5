"""Recipes: the first matching pattern, budgets, and what is said about a bad file."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from bench.errors import UsageError
from bench.resources import resource
from bench.runs.recipes import NO_RECIPE, Recipe, find_recipe, recipe_names
from bench.tasks.registry import all_suites

RECIPES = {
    "net": {
        "paper": {"omniglot-5w1s": {"steps": 100}},
        "fast": {"omniglot-*": {"steps": 10}, "*-5w1s": {"steps": 20}, "*": {"steps": 30}},
    },
    "wise": {"paper": {"sinusoid-*": {"steps": 7}}},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "recipes.yaml"
    path.write_text(yaml.safe_dump(RECIPES, sort_keys=False))
    return path


@pytest.mark.parametrize(
    ("learner", "suite", "name", "expected"),
    [
        ("net", "omniglot-5w1s", None, ("fast", 10)),
        ("net", "omniglot-5w1s", "paper", ("paper", 100)),
        ("net", "glyphs-5w1s", "fast", ("fast", 20)),
        ("net", "glyphs-20w1s", None, ("fast", 30)),
        ("wise", "sinusoid-5s", None, ("paper", 7)),
        ("wise", "gp1d-rbf", None, (NO_RECIPE, Recipe().steps)),
        ("wise", "sinusoid-5s", NO_RECIPE, (NO_RECIPE, Recipe().steps)),
        ("unknown", "sinusoid-5s", None, (NO_RECIPE, Recipe().steps)),
    ],
)
def test_the_first_matching_pattern_counts(
    file: Path, learner: str, suite: str, name: str | None, expected: tuple[str, int]
) -> None:
    found, recipe = find_recipe(file, learner, suite, name)
    assert (found, recipe.steps) == expected


def test_a_missing_file_has_no_recipes(tmp_path: Path) -> None:
    assert find_recipe(tmp_path / "recipes.yaml", "net", "glyphs-5w1s", None) == (NO_RECIPE, Recipe())
    assert recipe_names(tmp_path / "recipes.yaml", "net") == {}


def test_names_and_patterns_keep_the_order_of_the_file(file: Path) -> None:
    assert recipe_names(file, "net") == {"paper": ["omniglot-5w1s"], "fast": ["omniglot-*", "*-5w1s", "*"]}


def test_a_name_that_does_not_cover_the_suite(file: Path) -> None:
    with pytest.raises(UsageError, match="net has no recipe 'paper' for glyphs-5w1s") as caught:
        find_recipe(file, "net", "glyphs-5w1s", "paper")
    assert "Its recipes for this suite: fast" in caught.value.fix


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("net: [fast", "not valid YAML"),
        ("net: {fast: {'*': {}}}\nnet: {paper: {'*': {}}}", ":2: 'net' is given twice"),
        ("net:\n  fast:\n    '*': {steps: 5}\n    '*': {steps: 6}", r":4: '\*' is given twice"),
        ("- net", "expected a mapping of learners, found list"),
        ("net: 3", "expected recipe names"),
        ("net: {fast: 3}", "expected recipe names.*found 3"),
        ("net: {fast: {'*': {steps: 0}}}", "steps: .*greater than or equal to 1, found 0"),
        ("net: {fast: {'*': {stepz: 5}}}", "stepz: Extra inputs"),
        ("net: {fast: {'*': {optimizer: {lr: fast}}}}", "optimizer.lr: .*number.*found 'fast'"),
        ("net: {fast: {'*': {schedule: {name: linear}}}}", "schedule.name: .*'cosine'"),
    ],
)
def test_a_bad_file_is_named_with_the_field(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text(content)
    with pytest.raises(UsageError, match=said) as caught:
        find_recipe(file, "net", "glyphs-5w1s", None)
    assert str(file) in caught.value.message


def test_an_empty_entry_has_no_recipes(tmp_path: Path) -> None:
    file = tmp_path / "recipes.yaml"
    file.write_text("net:\n")
    assert recipe_names(file, "net") == {}


@pytest.mark.parametrize(("budget", "steps", "every"), [("full", 1000, 100), ("short", 100, 10), ("smoke", 20, 2)])
def test_a_budget_scales_steps_and_schedule_alike(budget: str, steps: int, every: int) -> None:
    recipe = Recipe.model_validate({"steps": 1000, "schedule": {"name": "step", "every": 100}}).scaled(budget)
    assert (recipe.steps, recipe.schedule.every) == (steps, every)


def test_a_budget_never_lengthens_and_keeps_one_step() -> None:
    assert [Recipe(steps=5).scaled(budget).steps for budget in ("full", "short", "smoke")] == [5, 1, 5]
    tiny = Recipe.model_validate({"steps": 10_000, "schedule": {"name": "step", "every": 100}}).scaled("smoke")
    assert tiny.schedule.every == 1


def test_every_shipped_recipe_is_valid_and_every_pattern_is_the_first_of_some_suite() -> None:
    content = yaml.safe_load((resource("baselines") / "recipes.yaml").read_text())
    suites = list(all_suites())
    for learner, recipes in content.items():
        for name, entries in recipes.items():
            first = {next((p for p in entries if fnmatchcase(suite, p)), None) for suite in suites}
            assert first >= set(entries), f"{learner} {name}: {set(entries) - first} can never be used"
            for entry in entries.values():
                Recipe.model_validate(entry)
