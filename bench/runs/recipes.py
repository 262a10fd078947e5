"""Recipes: how long and how a learner is meta-trained on a suite. Read from `recipes.yaml` beside the learner's file.

    protonet:
      fast:
        "omniglot-*": {steps: 1800, train: {way: 60, shot: 1, query: 5}}

The first pattern that matches the suite's name counts. Free of torch.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.errors import UsageError
from bench.yamlfile import parse_yaml

SMOKE_STEPS = 20
NO_RECIPE = "defaults"


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainShape(_Spec):
    """Shape of training episodes where it is not the suite's; for functions shot and query are numbers of points."""

    way: int | None = Field(default=None, ge=2)
    shot: int | None = Field(default=None, ge=1)
    query: int | None = Field(default=None, ge=1)


class Optimizer(_Spec):
    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    momentum: float = Field(default=0.0, ge=0)  # sgd only


class Schedule(_Spec):
    """Factor on the learning rate: 1; half a cosine down to 0; or gamma ** (step // every)."""

    name: Literal["constant", "cosine", "step"] = "constant"
    every: int | None = Field(default=None, ge=1)
    gamma: float = Field(default=0.5, gt=0)


class Recipe(_Spec):
    """A resolved recipe. Steps are optimiser steps, `batch` the episodes of one."""

    steps: int = Field(default=1_000, ge=1)
    batch: int = Field(default=1, ge=1)
    train: TrainShape = TrainShape()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    clip_norm: float | None = Field(default=None, gt=0)
    clip_value: float | None = Field(default=None, gt=0)
    selection: Literal["validation", "last"] = "validation"
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    strategy: Literal["loop", "vmap", "compiled"] = "vmap"
    eval_batch: int = Field(default=100, ge=1)
    options: dict[str, Any] = Field(default_factory=dict)

    def scaled(self, budget: str) -> Recipe:
        """The recipe at a budget: full as it is, short a tenth of the steps, smoke 20 steps; schedules keep shape."""
        steps = {"full": self.steps, "short": max(1, self.steps // 10), "smoke": min(SMOKE_STEPS, self.steps)}[budget]
        every = self.schedule.every
        if every is not None:
            every = max(1, round(every * steps / self.steps))
        return self.model_copy(update={"steps": steps, "schedule": self.schedule.model_copy(update={"every": every})})


def recipe_names(file: Path, learner: str) -> dict[str, list[str]]:
    """Recipes of a learner: name -> suite patterns, in the order of the file."""
    return {name: list(entries) for name, entries in _recipes(file, learner).items()}


def find_recipe(file: Path, learner: str, suite: str, name: str | None) -> tuple[str, Recipe]:
    """The recipe called `name` for a suite; None takes fast, else paper, else the defaults.

    Returns its name and content. Raises UsageError for a name that the learner has not for this suite.
    """
    recipes = _recipes(file, learner)
    matching = {
        recipe: next((e for pattern, e in entries.items() if fnmatchcase(suite, pattern)), None)
        for recipe, entries in recipes.items()
    }
    available = [recipe for recipe, entry in matching.items() if entry is not None]
    if name is None:
        name = next((n for n in ("fast", "paper") if n in available), NO_RECIPE)
    if name == NO_RECIPE:
        return name, Recipe()
    if name not in available:
        raise UsageError(
            f"{learner} has no recipe {name!r} for {suite}.",
            f"Its recipes for this suite: {', '.join(available) or 'none'}; without --recipe the defaults are used.",
        )
    try:
        return name, Recipe.model_validate(matching[name])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{file}: {learner}, {name}, {suite}: {where}: {first['msg']}, found {first['input']!r}", "Fix the recipe."
        ) from None


def _recipes(file: Path, learner: str) -> dict[str, dict[str, Any]]:
    """name -> suite pattern -> fields, of one learner; {} where the file has none."""
    found = _read(file).get(learner) or {}
    entries = list(found.values()) if isinstance(found, dict) else [found]
    wrong = next((entry for entry in entries if not isinstance(entry, dict)), None)
    if not isinstance(found, dict) or wrong is not None:
        raise UsageError(
            f"{file}: {learner}: expected recipe names, each with a mapping from suite patterns to fields, "
            f"found {wrong!r}.",
            f'Example: {learner}: {{fast: {{"glyphs-*": {{steps: 300}}}}}}',
        )
    return found


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    content = parse_yaml(file, file.read_text(encoding="utf-8"), "Fix the recipe file.")[0] or {}
    if not isinstance(content, dict):
        raise UsageError(
            f"{file}: expected a mapping of learners, found {type(content).__name__}", "Fix the recipe file."
        )
    return content
