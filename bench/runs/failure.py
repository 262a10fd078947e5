"""How a job can fail: what its record and a person are told. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench.errors import describe, shorten, traceback_of

MUTE = 74  # exit code of a process that could not say how it ended


@dataclass(frozen=True)
class Failure:
    """status : "failed" or "timeout"; reason : one that a person understands; traceback : where code raised it."""

    reason: str
    status: str = "failed"
    traceback: str | None = None

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """What a learner's code raised."""
        if isinstance(error, SystemExit):
            reason = f"the learner's code left the process: sys.exit({shorten(repr(error.code), 100)})"
        elif isinstance(error, KeyboardInterrupt):
            reason = "the learner's code raised KeyboardInterrupt"
        else:
            reason = describe(error)
        return cls(reason, traceback=traceback_of(error))


class Ended(Exception):
    """A process that ended without an answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure
