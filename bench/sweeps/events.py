"""What happens in a sweep, as JSON lines: every worker writes a file of its own, readers put them together.

{"time": "2026-11-27T01:02:03.456Z", "event": "training", "cell": "1f0c...", "title": "maml on glyphs-5w1s seed 0",
 "worker": "node7:4242", "step": 500, "loss": 1.2, "validation": null, "episodes_per_s": 120.5}

| event | says |
|---|---|
| started, stopped | of a worker, without a cell |
| claimed | attempt |
| phase | phase, total, done |
| training | step, loss, validation, episodes_per_s |
| scored | done |
| note | text |
| ended | status, reason, metric, mean, n, seconds: the record is there |
| retried | kind, reason: this attempt came to nothing, and there will be another |
| refused | reason: this machine can't carry it out, or another process is at it; another worker may |
| given_up | kind, reason: there will be no other attempt |
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import StoreError
from bench.moments import utc_text
from bench.records.files import explain

FOLDER = "events"
_POLL_S = 0.5
_OWN = ("time", "event", "cell", "title", "worker")


@dataclass(frozen=True)
class Event:
    """One line of a log. `time` is RFC 3339, UTC; `cell` a run's key, "" for what concerns none."""

    time: str
    event: str
    cell: str
    title: str
    worker: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Since the epoch."""
        return datetime.fromisoformat(self.time).timestamp()

    @property
    def line(self) -> str:
        return json.dumps({name: getattr(self, name) for name in _OWN} | self.values)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


class EventLog:
    """A worker's own file."""

    def __init__(self, sweep: Path) -> None:
        self.worker = worker_name()
        self._file = sweep / FOLDER / f"{self.worker.replace(':', '-')}-{time.time_ns()}.jsonl"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, sweep) from error

    def tell(self, event: str, cell: str = "", title: str = "", **values: Any) -> None:
        """Raises StoreError when the disk refuses."""
        now = utc_text(timespec="milliseconds")
        try:
            with self._file.open("a", encoding="utf-8") as out:  # closed again: other machines see what is closed
                out.write(Event(now, event, cell, title, self.worker, values).line + "\n")
        except OSError as error:
            raise explain(error, self._file) from error


class Tail:
    """The events of a sweep that were written since somebody looked last."""

    def __init__(self, sweep: Path) -> None:
        self._folder, self._read = sweep / FOLDER, dict[Path, int]()

    def new(self) -> list[Event]:
        """In the order of their times. Raises StoreError where a file can't be read."""
        found: list[Event] = []
        try:
            for file in sorted(self._folder.glob("*.jsonl")):
                with file.open("rb") as lines:
                    lines.seek(self._read.get(file, 0))
                    whole = lines.read()
                whole = whole[: whole.rfind(b"\n") + 1]  # a line that is being written is read next time
                self._read[file] = self._read.get(file, 0) + len(whole)
                found += filter(None, map(_event, whole.splitlines()))
        except OSError as error:
            raise StoreError(
                f"{self._folder} can't be read: {error.strerror}.", "fix: check its permissions"
            ) from error
        return sorted(found, key=lambda event: event.time)


def follow(sweep: Path, until: Callable[[], bool] = lambda: True) -> Iterator[Event]:
    """The events of a sweep, from its first to the last one that is there when `until` says so.

    sweep : the folder of its plan
    """
    tail = Tail(sweep)
    while True:
        last = until()
        yield from tail.new()
        if last:
            return
        time.sleep(_POLL_S)


def _event(line: bytes) -> Event | None:
    try:
        fields = json.loads(line)
        time_, event, cell, title, worker = (str(fields.pop(name)) for name in _OWN)
        return Event(time_, event, cell, title, worker, fields)
    except (ValueError, KeyError, TypeError, AttributeError):  # torn by a crash
        return None
