"""The two faces of a task: what a suites file declares of it, and what a learner is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

Split = Literal["train", "val", "test"]


class TaskDefinition(BaseModel):
    """The `task:` of a suites file; every domain derives its own, with a `kind: Literal["..."]` that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: str


@dataclass(frozen=True)
class TaskSpec:
    """What a learner is told about its suite; every domain derives its own.

    kind : the domain's, e.g. "classification"
    """

    kind: ClassVar[str]

    if TYPE_CHECKING:  # what an adapter of several domains reads once it has looked at `kind`

        def __getattr__(self, name: str) -> Any: ...

    @property
    def episode_shape(self) -> tuple[int, int, int]:
        """(way, shot, query) as records name them; 0 where the domain has no such number or it varies."""
        return 0, 0, 0

    def in_training(self, way: int | None, shot: int | None, query: int | None) -> TaskSpec:
        """The spec of training episodes where a recipe gives them a shape of their own; None leaves the suite's.

        Equal shapes give one object: compiled code would take another one for a change.
        """
        return self


def _ordered(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("a range is [low, high] with low <= high")
    return bounds


def _positive(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] <= 0:
        raise ValueError("must be positive")
    return bounds


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
PositiveRange = Annotated[Range, AfterValidator(_positive)]
