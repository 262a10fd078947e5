"""Choosing a recipe: the first matching pattern, what is taken unasked, and what must not happen without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.errors import UsageError
from bench.learners.registry import LearnerInfo
from bench.training.recipe_choice import Choice, check_fits, find_recipe, recipe_names
from bench.training.recipes import NO_RECIPE, Recipe

RECIPES = {
    "net": {
        "paper": {"omniglot-5w1s": {"steps": 100}},
        "fast": {"omniglot-*": {"steps": 10}, "*-5w1s": {"steps": 20}, "*": {"steps": 30}},
    },
    "wise": {"paper": {"sinusoid-*": {"steps": 7}}},
}
SUITES = ("omniglot-5w1s", "glyphs-5w1s", "glyphs-20w1s", "sinusoid-5s", "gp1d-rbf")


def learner(folder: Path, name: str, origin: str = "net.py:Net") -> LearnerInfo:
    return LearnerInfo(name, folder / "net.py", name.capitalize(), origin)


def written(folder: Path, recipes: Any) -> Path:
    path = folder / "recipes.yaml"
    path.write_text(yaml.safe_dump(recipes, sort_keys=False))
    return folder


@pytest.mark.parametrize(
    ("name", "suite", "asked", "expected"),
    [
        ("net", "omniglot-5w1s", None, ("fast", 10)),
        ("net", "omniglot-5w1s", "paper", ("paper", 100)),
        ("net", "glyphs-5w1s", "fast", ("fast", 20)),
        ("net", "glyphs-20w1s", None, ("fast", 30)),
        ("wise", "sinusoid-5s", None, ("paper", 7)),
        ("wise", "sinusoid-5s", NO_RECIPE, (NO_RECIPE, Recipe().steps)),
    ],
)
def test_the_first_matching_pattern_counts(
    tmp_path: Path, name: str, suite: str, asked: str | None, expected: tuple[str, int]
) -> None:
    choice = find_recipe(learner(written(tmp_path, RECIPES), name), suite, asked, SUITES)
    assert (choice.name, choice.recipe.steps, choice.notice) == (*expected, "")


def test_a_learner_without_recipes_is_told_what_it_trains(tmp_path: Path) -> None:
    choice = find_recipe(learner(tmp_path, "net"), "glyphs-5w1s", None)
    assert (choice.name, choice.recipe) == (NO_RECIPE, Recipe())
    assert choice.notice == "net has no recipes: it trains the default 1,000 steps (the recipe 'defaults')."
    assert recipe_names(learner(tmp_path, "net")) == {}


def test_asking_for_the_defaults_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "recipes.yaml").write_text("net: [")
    assert find_recipe(learner(tmp_path, "net"), "glyphs-5w1s", NO_RECIPE) == Choice(NO_RECIPE, Recipe())


def test_a_name_that_does_not_cover_the_suite(tmp_path: Path) -> None:
    net = learner(written(tmp_path, RECIPES), "net")
    with pytest.raises(UsageError, match="net has no recipe 'paper' for glyphs-5w1s") as caught:
        find_recipe(net, "glyphs-5w1s", "paper")
    assert "Its recipes for this suite: fast" in caught.value.fix
    with pytest.raises(UsageError, match=r"no recipe 'fats' for glyphs-5w1s\. Did you mean 'fast'"):
        find_recipe(net, "glyphs-5w1s", "fats")


STEPS = {"*": {"steps": 7}}


@pytest.mark.parametrize(
    ("recipes", "said", "remedy"),
    [
        ({"fast": {"toys-*": {"steps": 7}}}, r"none of net's recipes is taken for toy-5w1s: fast \(toys-\*\)", ""),
        ({"mine": STEPS}, r"none of net's recipes is taken for toy-5w1s: mine \(\*\)", "--recipe mine"),
        ({"fast": {}}, r"none of net's recipes is taken for toy-5w1s: fast \(\)", ""),
        ({"fats": STEPS}, "has a recipe 'fats' and no 'fast'. Did you mean 'fast'?", "--recipe fats"),
        ({"Fast": STEPS, "paper": STEPS}, "has a recipe 'Fast' and no 'fast'", "--recipe Fast"),
        ({"fast": STEPS, "papper": STEPS}, "has a recipe 'papper' and no 'paper'", "--recipe papper"),
    ],
)
def test_recipes_of_the_users_own_never_go_unused_in_silence(
    tmp_path: Path, recipes: Any, said: str, remedy: str
) -> None:
    net = learner(written(tmp_path, {"net": recipes}), "net")
    with pytest.raises(UsageError, match=said) as caught:
        find_recipe(net, "toy-5w1s", None)
    assert f"--recipe {NO_RECIPE}" in caught.value.fix and remedy in caught.value.fix
    assert find_recipe(net, "toy-5w1s", NO_RECIPE).recipe == Recipe()


def test_any_name_will_do_that_is_asked_for(tmp_path: Path) -> None:
    net = learner(written(tmp_path, {"net": {"fats": STEPS, "fast2": STEPS}}), "net")
    assert find_recipe(net, "toy-5w1s", "fats").recipe.steps == 7
    both = learner(written(tmp_path, {"net": {"fast": STEPS, "fast2": STEPS, "past": STEPS}}), "net")
    assert find_recipe(both, "toy-5w1s", None).name == "fast"


@pytest.mark.parametrize("origin", ["baselines/net.py", "entry point: net:Net"])
def test_a_package_without_a_recipe_for_the_suite_trains_the_defaults_and_says_so(tmp_path: Path, origin: str) -> None:
    choice = find_recipe(learner(written(tmp_path, RECIPES), "wise", origin), "gp1d-rbf", None, SUITES)
    assert (choice.name, choice.recipe) == (NO_RECIPE, Recipe())
    assert choice.notice == (
        "wise has no recipe for gp1d-rbf, only paper (sinusoid-*): it trains the default 1,000 steps "
        "(the recipe 'defaults')."
    )


def test_a_pattern_that_fits_no_known_suite_is_mentioned(tmp_path: Path) -> None:
    recipes = {"net": {"fast": {"toys-*": {"steps": 5}, "*": {"steps": 7}}, "paper": {"nowhere": {}, "*": {}}}}
    net = learner(written(tmp_path, recipes), "net")
    choice = find_recipe(net, "toy-5w1s", None, SUITES)
    assert choice.recipe.steps == 7
    assert choice.notice.endswith("patterns of net that fit no known suite: fast: 'toys-*'.")
    assert "paper: 'nowhere'" in find_recipe(net, "toy-5w1s", "paper", SUITES).notice


SHAPE = (5, 1, 3)


@pytest.mark.parametrize(
    ("train", "classes", "images", "fits"),
    [
        ({"way": 6, "shot": 4, "query": 4}, 6, 8, True),
        ({"way": 20}, 6, 8, False),
        ({"query": 8}, 6, 8, False),  # beside the suite's one shot
        ({"shot": 6}, 6, 8, False),  # beside the suite's three queries
        ({}, 4, 2, True),  # flat batches draw no episodes
    ],
)
def test_training_episodes_have_to_fit_into_the_train_split(
    train: dict[str, int], classes: int, images: int, fits: bool
) -> None:
    recipe = Recipe.model_validate({"train": train})
    if fits:
        check_fits("fast", recipe, SHAPE, classes, images)
        return
    with pytest.raises(UsageError, match=f"'fast' trains on .*; the train split has {classes} classes") as caught:
        check_fits("fast", recipe, SHAPE, classes, images)
    assert f"--recipe {NO_RECIPE}" in caught.value.fix
    check_fits(NO_RECIPE, Recipe(), SHAPE, classes, images)  # the remedy works


def test_the_defaults_are_no_remedy_where_the_suite_does_not_fit_either() -> None:
    with pytest.raises(UsageError) as caught:
        check_fits("fast", Recipe.model_validate({"train": {"way": 20}}), SHAPE, 4, 8)
    assert NO_RECIPE not in caught.value.fix
