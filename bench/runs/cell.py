"""One job in a process of its own, as the parent sees it."""

from __future__ import annotations

import contextlib
from typing import Any

from rich.console import Console

from bench.errors import StoreError
from bench.records import Memory, Record, RunStore
from bench.records.lease import Busy, lease, machine_shared
from bench.records.names import LEASE, TRAINING
from bench.runs.environment import machine
from bench.runs.failure import Ended, Failure
from bench.runs.job import Job
from bench.runs.outcome import Outcome, finished, suffices
from bench.runs.processes import call
from bench.runs.progress import Display
from bench.runs.write import Findings, write_failure
from bench.training.observer import Observer

_TOLD = ("phase", "training", "advance", "note")  # what a display is told by the process


def carry_out(job: Job, console: Console) -> Outcome:
    """The outcome of a job, however its process ends, with its progress on the console.

    Raises BenchError where data or disk are in the way, KeyboardInterrupt.
    """
    return already(job) or _displayed(job, console)


def already(job: Job) -> Outcome | None:
    """The outcome of a job that needs no process: its record is there, or its learner's code was asked and broke."""
    store = RunStore(job.settings.runs)
    found = None if job.settings.force else finished(store, job)
    if found and suffices(found, job):
        return found
    return failed(job, store, job.broken) if job.broken else None


def _displayed(job: Job, console: Console) -> Outcome:
    with Display(console, job.title, job.suite.score_text) as display:
        return in_process(job, display)


def in_process(job: Job, observer: Observer) -> Outcome:
    """The outcome of a job as it comes from a process of its own; raises as `carry_out` does."""
    store, settings = RunStore(job.settings.runs), job.settings

    def show(name: str, values: list[Any]) -> None:
        if name in _TOLD:
            getattr(observer, name)(*values)

    with machine_shared(observer.note):
        try:
            return _outcome(job, store, call("run", job, show, settings.timeout, settings.memory_mib))
        except Ended as ended:
            return failed(job, store, ended.failure)


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


def failed(job: Job, store: RunStore, failure: Failure) -> Outcome:
    """What is written for a process that can't write any more. The state of its training stays, to be continued."""
    place = store.path(job.suite.name, job.info.name, job.key)
    try:
        with lease(place.with_name(LEASE + job.key)):
            store.sweep(place)
            with contextlib.suppress(OSError):  # one that holds a training state stays
                place.with_name(TRAINING + job.key).rmdir()
            findings = Findings(machine(), memory=Memory(peak_host_mib=failure.peak_mib))
            return write_failure(job, store, failure, findings)
    except Busy as busy:
        return Outcome(job, place, None, note=f"{failure.reason}; {busy}")
