"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["passed", "failed", "skipped", "reported"]


@dataclass(frozen=True)
class Result:
    """What a check means for this learner.

    state : "reported" is a fact that nothing requires, "skipped" a check that does not apply or has nothing to measure
    measured, limit : the number and what it may be at most, None where the check measures none
    seconds : wall-clock time of the check
    raised : the learner raised, so that nothing was measured; traceback says where, if it was no BenchError
    """

    check: str
    state: State
    detail: str
    measured: float | None = None
    limit: float | None = None
    seconds: float = 0.0
    raised: bool = False
    traceback: str = ""

    @property
    def agrees(self) -> bool:
        """Whether a number was measured and is within its limit, required or not."""
        return self.measured is not None and self.limit is not None and self.measured <= self.limit


@dataclass(frozen=True)
class Finding:
    """What a check measured, before it is known whether the learner had to pass."""

    ok: bool
    detail: str
    measured: float | None = None
    limit: float | None = None


class NotApplicable(Exception):
    """A check that has no meaning for this learner; the message says why."""
