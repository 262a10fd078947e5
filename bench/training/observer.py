"""What a run tells while it works: to a display in the same process, or through a pipe to one in another."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Whoever shows progress."""

    def phase(self, name: str, total: int, done: int = 0) -> None:
        """A phase of `total` steps or episodes begins, `done` of which were done before."""

    def training(self, step: int, loss: float | None, validation: float | None, episodes_per_s: float) -> None: ...

    def advance(self, done: int) -> None:
        """Evaluation has scored `done` episodes of the phase."""

    def note(self, text: str) -> None: ...

    def alone(self) -> None:
        """Called whenever the learner's code returns: a copy of the process that the learner forked ends here."""


class Silent:
    """Nobody shows progress."""

    def phase(self, name: str, total: int, done: int = 0) -> None:
        pass

    def training(self, step: int, loss: float | None, validation: float | None, episodes_per_s: float) -> None:
        pass

    def advance(self, done: int) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def alone(self) -> None:
        pass
