"""Regression of functions, as suites declare it and as learners are told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from bench.domains.task import PositiveRange, Range, TaskDefinition, TaskSpec

if TYPE_CHECKING:
    from bench.tasks.suites import Suite

Kernel = Literal["rbf", "matern52", "periodic"]


class SinusoidTask(TaskDefinition):
    """y = A sin(x - phi) without noise (Finn et al. 2017, section 5.1)."""

    kind: Literal["sinusoid"]
    context: int = Field(ge=1)  # support points
    target: int = Field(ge=1)  # query points
    amplitude: Range
    phase: Range
    x: Range


class GPTask(TaskDefinition):
    """Functions drawn from a Gaussian process on an interval (protocol of Nguyen & Grover 2022, TNP).

    Training draws from `train_kernel`, test from `test_kernel`; validation follows training, so that a suite whose
    test kernel is out of distribution stays so. Context sizes are uniform on context[0]..context[1], target sizes
    on target[0]..max_points - 1 - context; both are shared by 16 consecutive episodes.
    """

    kind: Literal["gp1d"]
    train_kernel: Kernel
    test_kernel: Kernel
    length: PositiveRange
    scale: PositiveRange
    period: PositiveRange
    noise: float = Field(gt=0)  # standard deviation
    x: Range
    context: tuple[int, int]
    target_min: int = Field(ge=1)
    max_points: int

    @model_validator(mode="after")
    def _sizes_fit(self) -> GPTask:
        low, high = self.context
        if not 1 <= low <= high < self.max_points - self.target_min:
            raise ValueError(
                f"context must be [low, high] with 1 <= low <= high < max_points - target_min = "
                f"{self.max_points - self.target_min}, found {[low, high]}"
            )
        return self


FunctionTask = SinusoidTask | GPTask


def function_task(suite: Suite) -> FunctionTask:
    assert isinstance(suite.task, FunctionTask)
    return suite.task


@dataclass(frozen=True)
class FunctionSpec(TaskSpec):
    """What a learner is told of a suite of functions.

    support, query : support and query points, 0 where sizes vary from batch to batch
    x_dim, y_dim : dimensions of inputs and targets
    kernel : covariance function of a Gaussian process, which an oracle may know, else ""
    noise : its noise standard deviation, else 0
    """

    kind: ClassVar[Literal["regression"]] = "regression"

    support: int
    query: int
    x_dim: int = 1
    y_dim: int = 1
    kernel: str = ""
    noise: float = 0.0

    @property
    def x_shape(self) -> tuple[int]:
        """(dx,) of an input."""
        return (self.x_dim,)

    @property
    def episode_shape(self) -> tuple[int, int, int]:
        return 0, self.support, self.query

    def in_training(self, way: int | None, shot: int | None, query: int | None) -> FunctionSpec:
        if not self.support:  # Gaussian processes draw their sizes themselves
            return self
        return _of_size(self, shot or self.support, query or self.query)


@lru_cache
def _of_size(spec: FunctionSpec, support: int, query: int) -> FunctionSpec:
    return replace(spec, support=support, query=query)
