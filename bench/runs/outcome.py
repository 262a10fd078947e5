"""How a job ended. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.records import Record, RunStore
from bench.runs.job import Job


@dataclass(frozen=True)
class Outcome:
    """Where a job's record lies and what it says.

    record : None for a job that was left alone because another process works on it
    cached : the record was there before
    stored : False where a failure was not written, because an earlier good record stays in its place
    note : what a person must know beside the record
    """

    job: Job
    path: Path
    record: Record | None
    cached: bool = False
    stored: bool = True
    note: str = ""

    @property
    def status(self) -> str:
        return self.record.status if self.record else "busy"

    @property
    def reason(self) -> str:
        return " ".join(filter(None, [(self.record.reason if self.record else "") or "", self.note]))

    @property
    def bad(self) -> bool:
        """Did the command not get what it asked for?"""
        return self.status not in ("ok", "skipped", "validated")


def finished(store: RunStore, job: Job) -> Outcome | None:
    """The stored run of a job, if it ended well; a validated one is none where test scores are asked for."""
    path = store.find(job.suite.name, job.info.name, job.key)
    if path is None:
        return None
    record = store.read(path)
    well = ("ok", "skipped") if job.settings.test else ("ok", "skipped", "validated")
    return Outcome(job, path, record, cached=True) if record.status in well else None


def suffices(found: Outcome, job: Job) -> bool:
    """Is there nothing left to do?"""
    assert found.record is not None
    if found.record.status == "skipped" or not job.settings.test:
        return True
    return found.record.episodes >= job.episodes
