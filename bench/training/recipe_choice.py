"""Which recipe a learner is trained with on a suite, and whether the suite has enough data for it. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from bench.errors import UsageError
from bench.learners.registry import LearnerInfo
from bench.training.recipe_file import is_recipe_file, read_recipe_file
from bench.training.recipe_files import Recipes, installed, mistyped, read_recipes
from bench.training.recipes import NO_RECIPE, Recipe

PREFERRED = ("fast", "paper")  # what is taken, in this order, where no name is asked for


@dataclass(frozen=True)
class Choice:
    """A recipe and its name. `notice`: what the person who asks should be told about it, "" for nothing."""

    name: str = NO_RECIPE
    recipe: Recipe = field(default_factory=Recipe)
    notice: str = ""


def recipe_names(learner: LearnerInfo) -> dict[str, list[str]]:
    """Recipes of a learner: name -> suite patterns, in the order of the file."""
    return {name: list(patterns) for name, patterns in read_recipes(learner).entries.items()}


def find_recipe(learner: LearnerInfo, suite: str, name: str | None, suites: Iterable[str] = ()) -> Choice:
    """The recipe called `name` for a suite, or in the file of that name; None takes fast, else paper, else defaults.

    suites : the names of all suites that are known; a pattern that fits none of them is worth a notice

    Raises UsageError for a mistake in the recipe file, for a name that the learner has not for this suite and, where
    the file is the user's own, for a file none of whose recipes would be taken.
    """
    if name == NO_RECIPE:
        return Choice()
    recipes = read_recipes(learner)
    fitting = {recipe: found for recipe in recipes.entries if (found := _first_match(recipes, recipe, suite))}
    if name is not None and is_recipe_file(name):
        return _from_file(Path(name), learner, fitting)
    if name is None:
        _refuse_mistyped(learner, recipes)
        name = next((preferred for preferred in PREFERRED if preferred in fitting), None)
        if name is None:
            return _defaults(learner, recipes, suite, fitting)
        tried = PREFERRED[: PREFERRED.index(name) + 1]
    elif name in fitting:
        tried = (name,)
    else:
        near = next((f" Did you mean {known!r}?" for known in fitting if mistyped(name, known)), "")
        raise UsageError(
            f"{learner.name} has no recipe {name!r} for {suite}.{near}",
            f"Its recipes for this suite: {', '.join(fitting) or 'none'}; `--recipe {NO_RECIPE}` trains {_DEFAULT}.",
        )
    return Choice(name, fitting[name], _unused_patterns(learner, recipes, tried, {suite, *suites}) if suites else "")


def _from_file(file: Path, learner: LearnerInfo, fitting: dict[str, Recipe]) -> Choice:
    name, recipe = read_recipe_file(file)
    if name in fitting and fitting[name] != recipe:
        raise UsageError(
            f"{file}: {learner.name} has a recipe {name!r} of its own, and this one is not it.",
            "Give it another name: a line `name: mine`.",
        )
    return Choice(name, recipe)


def check_fits(
    name: str, recipe: Recipe, shape: tuple[int, int, int], n_train_classes: int, images_per_class: int
) -> None:
    """Raises UsageError, with a remedy that works, where a recipe's training episodes ask for more than there is.

    shape : way, shot and query of the suite, which count where the recipe says nothing
    images_per_class : of the smallest train class

    A recipe that states no shape passes: learners that train on flat batches draw no episodes.
    """
    stated = recipe.train
    if not (stated.way or stated.shot or stated.query):
        return
    way, shot, query = (asked or own for asked, own in zip((stated.way, stated.shot, stated.query), shape, strict=True))
    if way <= n_train_classes and shot + query <= images_per_class:
        return
    if shape[0] <= n_train_classes and shape[1] + shape[2] <= images_per_class:
        remedy = f"`--recipe {NO_RECIPE}` trains on episodes of the suite's own shape; or write a recipe that fits."
    else:
        remedy = "Write a recipe with a smaller way, shot or query: the suite's own shape does not fit either."
    raise UsageError(
        f"The recipe {name!r} trains on episodes of {way} classes with {shot} + {query} images; the train split has "
        f"{n_train_classes} classes, the smallest of {images_per_class} images.",
        remedy,
    )


_DEFAULT = f"the default {Recipe().steps:,} steps"


def _first_match(recipes: Recipes, name: str, suite: str) -> Recipe | None:
    return next((recipe for pattern, recipe in recipes.entries[name].items() if fnmatchcase(suite, pattern)), None)


def _defaults(learner: LearnerInfo, recipes: Recipes, suite: str, fitting: Iterable[str]) -> Choice:
    """No recipe is taken by itself. That is said; where the user wrote recipes, it is most likely a mistake."""
    if not recipes.entries:
        return Choice(notice=f"{learner.name} has no recipes: it trains {_DEFAULT} (the recipe {NO_RECIPE!r}).")
    if installed(learner):
        return Choice(
            notice=f"{learner.name} has no recipe for {suite}, only {recipes.text()}: it trains {_DEFAULT} "
            f"(the recipe {NO_RECIPE!r})."
        )
    ways_out = [f"`--recipe {name}`" for name in fitting]
    raise UsageError(
        f"{recipes.file}: none of {learner.name}'s recipes is taken for {suite}: {recipes.text()}.",
        f"Name one fast or paper and give it a pattern that fits {suite}; or ask for "
        f"{', '.join([*ways_out, f'`--recipe {NO_RECIPE}`'])}, which trains {_DEFAULT}.",
    )


def _refuse_mistyped(learner: LearnerInfo, recipes: Recipes) -> None:
    for name in recipes.entries:
        for wanted in PREFERRED:
            if wanted not in recipes.entries and mistyped(name, wanted):
                raise UsageError(
                    f"{recipes.file}: {learner.name} has a recipe {name!r} and no {wanted!r}. Did you mean {wanted!r}?",
                    f"Rename it; or ask for it: `--recipe {name}`. `--recipe {NO_RECIPE}` trains {_DEFAULT}.",
                )


def _unused_patterns(learner: LearnerInfo, recipes: Recipes, tried: Iterable[str], suites: Iterable[str]) -> str:
    unused = [
        f"{name}: {pattern!r}"
        for name in tried
        for pattern in recipes.entries.get(name, ())
        if not any(fnmatchcase(suite, pattern) for suite in suites)
    ]
    if not unused or installed(learner):
        return ""
    return f"{recipes.file}: patterns of {learner.name} that fit no known suite: {', '.join(unused)}."
