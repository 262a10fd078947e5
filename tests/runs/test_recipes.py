"""Recipes: fields and their limits, and what a budget does to them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from bench.training.recipes import Recipe


@pytest.mark.parametrize(("budget", "steps", "every"), [("full", 1000, 100), ("short", 100, 10), ("smoke", 20, 2)])
def test_a_budget_scales_steps_and_schedule_alike(budget: str, steps: int, every: int) -> None:
    recipe = Recipe.model_validate({"steps": 1000, "schedule": {"name": "step", "every": 100}}).scaled(budget)
    assert (recipe.steps, recipe.schedule.every) == (steps, every)


def test_a_budget_never_lengthens_and_keeps_one_step() -> None:
    assert [Recipe(steps=5).scaled(budget).steps for budget in ("full", "short", "smoke")] == [5, 1, 5]
    tiny = Recipe.model_validate({"steps": 10_000, "schedule": {"name": "step", "every": 100}}).scaled("smoke")
    assert tiny.schedule.every == 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"steps": True}, ("steps",)),
        ({"steps": 0}, ("steps",)),
        ({"steps": 10**10}, ("steps",)),
        ({"steps": float("inf")}, ("steps",)),
        ({"batch": None}, ("batch",)),
        ({"eval_batch": 2.5}, ("eval_batch",)),
        ({"train": {"way": 1}}, ("train", "way")),
        ({"train": {"way": False}}, ("train", "way")),
        ({"optimizer": {"lr": float("inf")}}, ("optimizer", "lr")),
        ({"optimizer": {"lr": float("nan")}}, ("optimizer", "lr")),
        ({"optimizer": {"name": "sgd", "momentum": 1.0}}, ("optimizer", "momentum")),
        ({"optimizer": {"momentum": 0.9}}, ("optimizer",)),
        ({"schedule": {"name": "step"}}, ("schedule",)),
        ({"schedule": {"name": "cosine", "every": 5}}, ("schedule",)),
        ({"clip_norm": 0}, ("clip_norm",)),
        ({"options": {1: 2}}, ("options", 1)),
        ({"options": {"day": date(2026, 1, 1)}}, ("options",)),
        ({"options": {"deep": [[[[[[[[[1]]]]]]]]]}}, ("options",)),
    ],
)
def test_what_no_training_can_use_is_refused(fields: dict[str, Any], place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate(fields)
    assert caught.value.errors()[0]["loc"][: len(place)] == place


def test_numbers_that_yaml_reads_as_words_count() -> None:
    """`1e-3` without a point is a word in YAML 1.1."""
    assert Recipe.model_validate({"optimizer": {"lr": "1e-3"}}).optimizer.lr == 0.001
