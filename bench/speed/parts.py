"""Clocks for the parts of a step, the device waited for at their borders."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from bench.domains import TrainingSource
from bench.learners.contract import Learner
from bench.runs.timing import synchronise


class Clock:
    """Seconds spent inside its `with` blocks; one inside another counts once."""

    def __init__(self, device: torch.device) -> None:
        self.seconds, self._device, self._began, self._depth = 0.0, device, 0.0, 0

    def __enter__(self) -> None:
        if self._depth == 0:
            synchronise(self._device)
            self._began = time.perf_counter()
        self._depth += 1

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            synchronise(self._device)
            self.seconds += time.perf_counter() - self._began


class Clocks:
    """Clocks by name; `part` is what `bench.training.loop.take_step` takes."""

    def __init__(self, device: torch.device) -> None:
        self._device, self._clocks = device, dict[str, Clock]()

    def part(self, name: str) -> Clock:
        return self._clocks.setdefault(name, Clock(self._device))

    def take(self) -> dict[str, float]:
        """Seconds by name since the last call."""
        found = {name: clock.seconds for name, clock in self._clocks.items()}
        for clock in self._clocks.values():
            clock.seconds = 0.0
        return found


def splits(learner: Learner) -> bool:
    """Is its gradient one loss and one backward? A `train_step` of its own may go forward and backward by turns."""
    return type(learner).train_step is Learner.train_step


@contextmanager
def loss_timed(learner: Learner, clock: Clock) -> Iterator[None]:
    """Time `learner.loss` within the block."""
    with _timed(learner, "loss", clock):
        yield


@contextmanager
def draws_timed(source: TrainingSource, clock: Clock) -> Iterator[None]:
    """Time everything that a training of the learner's own may draw, whatever the source's domain calls it."""
    kinds = [kind for kind in type(source).__mro__ if issubclass(kind, TrainingSource) and kind is not TrainingSource]
    names = {name for kind in kinds for name, value in vars(kind).items() if callable(value) and name[0] != "_"}
    with _all_timed(source, sorted(names), clock):
        yield


@contextmanager
def _all_timed(owner: Any, names: list[str], clock: Clock) -> Iterator[None]:
    if not names:
        yield
        return
    with _timed(owner, names[0], clock), _all_timed(owner, names[1:], clock):
        yield


@contextmanager
def _timed(owner: Any, name: str, clock: Clock) -> Iterator[None]:
    """Put a timed method in front of the class's, or of one that the instance has already."""
    before, method = vars(owner).get(name), getattr(owner, name)

    def timed(*arguments: Any, **named: Any) -> Any:
        with clock:
            return method(*arguments, **named)

    setattr(owner, name, timed)
    try:
        yield
    finally:
        if before is None:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
