"""One job in a process of its own, as the parent sees it."""

from __future__ import annotations

import contextlib
from typing import Any

from rich.console import Console

from bench.errors import StoreError
from bench.records import Record, RunStore
from bench.records.lease import Busy, lease, machine_shared
from bench.records.names import LEASE, TRAINING
from bench.runs.environment import machine
from bench.runs.failure import Ended, Failure
from bench.runs.job import Job
from bench.runs.outcome import Outcome, finished, suffices
from bench.runs.processes import call
from bench.runs.progress import Display
from bench.runs.write import Findings, write

_TOLD = ("phase", "training", "advance", "note")  # what a display is told by the process


def carry_out(job: Job, console: Console) -> Outcome:
    """The outcome of a job, however its process ends.

    Raises BenchError where data or disk are in the way, KeyboardInterrupt.
    """
    store = RunStore(job.settings.runs)
    found = None if job.settings.force else finished(store, job)
    if found and suffices(found, job):
        return found
    if job.broken is not None:
        return _failed(job, store, job.broken)
    with Display(console, job.title, job.suite.metric) as display, machine_shared(display.note):

        def show(name: str, values: list[Any]) -> None:
            if name in _TOLD:
                getattr(display, name)(*values)

        try:
            return _outcome(job, store, call("run", job, show, job.settings.timeout))
        except Ended as ended:
            return _failed(job, store, ended.failure)


def _outcome(job: Job, store: RunStore, answer: dict[str, Any]) -> Outcome:
    """The record counts as it lies on the disk. Raises Ended where the learner's code has spoilt the writing of it."""
    place = store.path(job.suite.name, job.info.name, job.key)
    record = answer["record"] and Record.model_validate(answer["record"])
    if record and answer["stored"]:
        try:
            record = store.read(place)
        except StoreError as error:
            raise Ended(Failure(f"what the process wrote can't be read: {error.message}")) from None
    return Outcome(job, place, record, answer["cached"], answer["stored"], answer["note"])


def _failed(job: Job, store: RunStore, failure: Failure) -> Outcome:
    """What is written for a process that can't write any more. The state of its training stays, to be continued."""
    place = store.path(job.suite.name, job.info.name, job.key)
    try:
        with lease(place.with_name(LEASE + job.key)):
            store.sweep(place)
            with contextlib.suppress(OSError):  # one that holds a training state stays
                place.with_name(TRAINING + job.key).rmdir()
            return write(job, store, failure.status, failure.reason, Findings(machine()), failure.traceback)
    except Busy as busy:
        return Outcome(job, place, None, note=f"{failure.reason}; {busy}")
