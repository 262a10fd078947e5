"""One job in a process of its own, as the parent sees it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.records import Record, RunStore
from bench.records.lease import Busy, lease, machine_shared
from bench.records.names import LEASE, TRAINING
from bench.runs.environment import machine
from bench.runs.job import Job
from bench.runs.outcome import Outcome, finished, suffices
from bench.runs.processes import Ended, call
from bench.runs.progress import Display
from bench.runs.write import Findings, write


def carry_out(job: Job, console: Console) -> Outcome:
    """The outcome of a job, however its process ends.

    Raises BenchError where data or disk are in the way, KeyboardInterrupt.
    """
    store = RunStore(job.settings.runs)
    found = None if job.settings.force else finished(store, job)
    if found and suffices(found, job):
        return found
    if job.broken is not None:
        return _ended(job, store, Ended("failed", job.broken))
    with Display(console, job.title, job.suite.metric) as display, machine_shared(display.note):
        try:
            answer = call("run", job, lambda name, values: getattr(display, name)(*values), job.settings.timeout)
        except Ended as ended:
            return _ended(job, store, ended)
    return _outcome(job, answer)


def _outcome(job: Job, answer: dict[str, Any]) -> Outcome:
    record = answer["record"] and Record.model_validate(answer["record"])
    return Outcome(job, Path(answer["path"]), record, answer["cached"], answer["stored"], answer["note"])


def _ended(job: Job, store: RunStore, ended: Ended) -> Outcome:
    """What is written for a process that can't write any more. The state of its training stays, to be continued."""
    place = store.path(job.suite.name, job.info.name, job.key)
    try:
        with lease(place.with_name(LEASE + job.key)):
            store.sweep(place)
            with contextlib.suppress(OSError):  # one that holds a training state stays
                place.with_name(TRAINING + job.key).rmdir()
            return write(job, store, ended.status, ended.reason, Findings(machine()))
    except Busy as busy:
        return Outcome(job, place, None, note=f"{ended.reason}; {busy}")
