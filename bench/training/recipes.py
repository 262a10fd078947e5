"""Recipes: how long and how a learner is meta-trained. `recipe_files` reads them, `recipe_choice` picks one.

Free of torch.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

SMOKE_STEPS = 20
NO_RECIPE = "defaults"


def _no_bool(value: object) -> object:
    if isinstance(value, bool):  # YAML's `yes` would count as 1
        raise ValueError("Input should be a number")
    return value


_Count = Annotated[int, BeforeValidator(_no_bool), Field(ge=1, le=10**9)]
_Positive = Annotated[float, BeforeValidator(_no_bool), Field(gt=0, allow_inf_nan=False)]
_Share = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, lt=1)]
_AtLeastZero = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, allow_inf_nan=False)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainShape(_Spec):
    """Shape of training episodes where it is not the suite's; for functions shot and query are numbers of points."""

    way: Annotated[_Count, Field(ge=2)] | None = None
    shot: _Count | None = None
    query: _Count | None = None


class Optimizer(_Spec):
    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: _Positive = 1e-3
    weight_decay: _AtLeastZero = 0.0
    momentum: _Share = 0.0

    @model_validator(mode="after")
    def _momentum_of_sgd(self) -> Self:
        if self.momentum and self.name != "sgd":
            raise ValueError(f"momentum is an entry of sgd, and the optimizer is {self.name}")
        return self


class Schedule(_Spec):
    """Factor on the learning rate: 1; half a cosine down to 0; or gamma ** (step // every)."""

    name: Literal["constant", "cosine", "step"] = "constant"
    every: _Count | None = None
    gamma: _Positive = 0.5

    @model_validator(mode="after")
    def _every_of_step(self) -> Self:
        if (self.name == "step") != (self.every is not None):
            raise ValueError(f"schedule `step` needs `every`, and no other has it; the schedule is {self.name}")
        return self


class Recipe(_Spec):
    """A resolved recipe. Steps are optimiser steps, `batch` the episodes of one."""

    steps: _Count = 1_000
    batch: _Count = 1
    train: TrainShape = TrainShape()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    clip_norm: _Positive | None = None
    clip_value: _Positive | None = None
    selection: Literal["validation", "last"] = "validation"
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    strategy: Literal["loop", "vmap", "compiled"] = "vmap"
    eval_batch: _Count = 100
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("options")
    @classmethod
    def _plain_options(cls, options: dict[str, Any]) -> dict[str, Any]:
        if not _plain(options):
            raise ValueError("expected numbers, words, true, false, null, and lists and mappings of them")
        return options

    def scaled(self, budget: str) -> Recipe:
        """The recipe at a budget: full as it is, short a tenth of the steps, smoke 20 steps; schedules keep shape."""
        steps = {"full": self.steps, "short": max(1, self.steps // 10), "smoke": min(SMOKE_STEPS, self.steps)}[budget]
        every = self.schedule.every
        if every is not None:
            every = max(1, round(every * steps / self.steps))
        return self.model_copy(update={"steps": steps, "schedule": self.schedule.model_copy(update={"every": every})})


def _plain(value: object, depth: int = 8) -> bool:
    """Can it be stored as JSON? Not so: dates, keys that are no words, mappings that hold themselves."""
    if isinstance(value, dict):
        return depth > 0 and all(isinstance(key, str) and _plain(item, depth - 1) for key, item in value.items())
    if isinstance(value, list | tuple):
        return depth > 0 and all(_plain(item, depth - 1) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
