"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["passed", "failed", "skipped", "reported"]


@dataclass(frozen=True)
class Result:
    """state: reported is a fact that nothing requires, skipped a check that does not apply; detail has the numbers.

    raised : the learner raised, so that nothing was measured
    """

    check: str
    state: State
    detail: str
    raised: bool = False


@dataclass(frozen=True)
class Finding:
    """What a check measured, before it is known whether the learner had to pass."""

    ok: bool
    detail: str


class NotApplicable(Exception):
    """A check that has no meaning for this learner; the message says why."""
