"""From what a cell's process tells to the sweep's events."""

from __future__ import annotations

import time
from typing import Any

from bench.records import Record
from bench.sweeps.events import EventLog
from bench.sweeps.plan import Cell

_EVERY_S = 2.0  # of reports that only say how far it is


class Telling:
    """An observer of one cell's run."""

    def __init__(self, events: EventLog, cell: Cell) -> None:
        self._events, self._cell, self._last = events, cell, 0.0

    def tell(self, event: str, **values: Any) -> None:
        self._events.tell(event, self._cell.key, self._cell.title, **values)

    def phase(self, name: str, total: int, done: int = 0) -> None:
        self.tell("phase", phase=name, total=total, done=done)

    def training(self, step: int, loss: float | None, validation: float | None, episodes_per_s: float) -> None:
        if validation is not None or self._due():
            self.tell("training", step=step, loss=loss, validation=validation, episodes_per_s=round(episodes_per_s, 1))

    def advance(self, done: int) -> None:
        if self._due():
            self.tell("scored", done=done)

    def note(self, text: str) -> None:
        self.tell("note", text=text)

    def alone(self) -> None:
        """A worker forks nothing unnoticed."""

    def ended(self, record: Record, seconds: float) -> None:
        ranked = record.metrics[0] if record.metrics else None
        self.tell(
            "ended",
            status=record.status,
            reason=record.reason,
            metric=ranked and ranked.name,
            mean=ranked and ranked.mean,
            n=record.episodes,
            seconds=round(seconds, 3),
        )

    def _due(self) -> bool:
        now = time.monotonic()
        due = now - self._last > _EVERY_S
        if due:
            self._last = now
        return due
