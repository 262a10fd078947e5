"""How a job can fail: what its record and a person are told. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.errors import describe, shorten, traceback_of

MUTE = 74  # exit code of a process that could not say how it ended


Kind = Literal["learner", "timeout", "memory", "lost"]


@dataclass(frozen=True)
class Failure:
    """Why a job has no scores.

    reason : one that a person understands
    kind : "learner", its own code; "timeout"; "memory", there was not enough; "lost", something ended the process from
        outside. A sweep tries the last two again
    traceback : where code raised it
    peak_mib : the most memory that its process was seen to take, where it can't say so itself any more
    """

    reason: str
    kind: Kind = "learner"
    traceback: str | None = None
    peak_mib: float | None = None

    @property
    def status(self) -> str:
        return "timeout" if self.kind == "timeout" else "failed"

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """What a learner's code raised."""
        if isinstance(error, SystemExit):
            reason = f"the learner's code left the process: sys.exit({shorten(repr(error.code), 100)})"
        elif isinstance(error, KeyboardInterrupt):
            reason = "the learner's code raised KeyboardInterrupt"
        else:
            reason = describe(error)
        return cls(reason, "memory" if _lacks_memory(error) else "learner", traceback_of(error))


def _lacks_memory(error: BaseException) -> bool:
    """Python's own error, torch's of a GPU (by name: no torch here), and what torch's allocator says on a CPU."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))
    )


class Ended(Exception):
    """A process that ended without an answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure
