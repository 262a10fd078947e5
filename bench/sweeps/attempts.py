"""Tries at one run, kept beside the runs until one of them comes to its end: `<runs>/.attempts/<key>.json`.

Whoever holds the claim of a cell writes down that it begins, and how it ended. A try that began and did not end was
lost with its worker.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
from dataclasses import dataclass
from pathlib import Path

from bench.moments import utc_text
from bench.records import Attempt
from bench.records.files import explain, replace_file

FOLDER = ".attempts"
RETRIES = 3  # after workers, nodes or data servers were lost
_MEMORY_RETRIES = 1
_OPEN = "begun"


@dataclass(frozen=True)
class Attempts:
    """Tries that came to nothing, oldest first."""

    file: Path
    made: tuple[Attempt, ...] = ()

    @classmethod
    def of(cls, runs: Path, key: str, since: str = "") -> Attempts:
        """Those at the run with this key that began at `since` (RFC 3339) or later."""
        file = runs / FOLDER / f"{key}.json"
        try:
            made = [Attempt.model_validate(fields) for fields in json.loads(file.read_bytes())]
        except (OSError, ValueError, TypeError):  # none yet, or torn: then nothing is known of them
            return cls(file)
        return cls(file, tuple(one for one in made if one.started >= since))

    @property
    def failed(self) -> tuple[Attempt, ...]:
        """Those that count: one that was begun and not ended was lost."""
        lost = {"kind": "lost", "reason": "its worker was lost"}
        return tuple(one.model_copy(update=lost) if one.kind == _OPEN else one for one in self.made)

    @property
    def short_of_memory(self) -> int:
        return sum(one.kind == "memory" for one in self.failed)

    @property
    def exhausted(self) -> bool:
        """Has the cell had all its tries?"""
        return len(self.failed) - self.short_of_memory > RETRIES or self.short_of_memory > _MEMORY_RETRIES

    @property
    def gave_up(self) -> bool:
        """Did all of them fail for reasons that are none of the learner's, so that there is no record?"""
        return self.exhausted and self.failed[-1].kind == "infrastructure"

    def begun(self) -> Attempts:
        """With one more that has just begun. Raises StoreError when the disk refuses."""
        now = utc_text()
        one = Attempt(started=now, host=socket.gethostname(), kind=_OPEN, reason="")
        return self._keep((*self.failed, one))

    def ended(self, kind: str, reason: str, peak_mib: float | None = None) -> Attempts:
        """The last one came to nothing."""
        how = {"kind": kind, "reason": reason, "peak_mib": peak_mib}
        return self._keep((*self.made[:-1], self.made[-1].model_copy(update=how)))

    def forgotten(self) -> Attempts:
        """The last one doesn't count: it was stopped by a person."""
        return self._keep(self.made[:-1])

    def done(self) -> None:
        """The record is there, and says what there is to say."""
        with contextlib.suppress(OSError):
            self.file.unlink()

    def _keep(self, made: tuple[Attempt, ...]) -> Attempts:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.file, json.dumps([one.model_dump() for one in made]).encode())
        except OSError as error:
            raise explain(error, self.file) from error
        return dataclasses.replace(self, made=made)
