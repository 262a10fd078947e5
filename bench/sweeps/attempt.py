"""One cell in the hands of a worker that holds its claim: tries, until there is a record or there have been enough.

What the learner's own code does is a result, and final. What is none of its doing is tried again: a lost process,
worker or data server up to three times, want of memory once, with half the evaluation batch.
"""

from __future__ import annotations

import dataclasses
import shlex
import time
from pathlib import Path

from bench.errors import BenchError, Mismatch, UsageError
from bench.records import RunStore
from bench.runs.ask import asking
from bench.runs.cell import already, failed, in_process
from bench.runs.failure import Failure
from bench.runs.job import Job
from bench.runs.memory import gib_text
from bench.runs.outcome import Outcome
from bench.runs.resolve import resolve
from bench.sweeps.attempts import Attempts
from bench.sweeps.events import EventLog
from bench.sweeps.plan import Cell, Plan
from bench.sweeps.state import attempts_at
from bench.sweeps.telling import Telling

_PAUSE_S = 1.0  # before a data server is asked again; doubled each time


def try_cell(plan: Plan, cell: Cell, data_dir: Path | None, events: EventLog, memory_mib: float | None = None) -> None:
    """`memory_mib` is what its process may take.

    Raises KeyboardInterrupt, and StoreError where not even that can be written down.
    """
    telling, began, attempts = Telling(events, cell), time.monotonic(), attempts_at(plan, cell)
    while not attempts.exhausted:
        attempts = attempts.begun()
        telling.tell("claimed", attempt=len(attempts.made))
        try:
            outcome = _carried_out(_job(plan, cell, data_dir), attempts, telling, memory_mib)
        except KeyboardInterrupt:
            attempts.forgotten()
            telling.note("stopped; the same command continues it")
            raise
        except (Mismatch, UsageError) as error:  # not this cell on this machine; another one may have what it takes
            attempts.forgotten()
            telling.tell("refused", reason=error.message)
            return
        except BenchError as error:  # data or disk: nothing about the learner
            attempts = attempts.ended("infrastructure", error.message)
            telling.tell("retried", kind="infrastructure", reason=error.message)
            if not attempts.exhausted:
                time.sleep(_PAUSE_S * 2 ** len(attempts.made))
            continue
        record = outcome.record
        if record is None:  # a `bench run` works on it
            attempts.forgotten()
            telling.tell("refused", reason=outcome.reason)
            return
        if record.failure not in ("lost", "memory") or not outcome.stored:
            attempts.done()
            telling.ended(record, time.monotonic() - began)
            return
        peak = record.memory.peak_device_mib or record.memory.peak_host_mib
        attempts = attempts.ended(record.failure, record.reason or "", peak)
        telling.tell("retried", kind=record.failure, reason=record.reason)
    _give_up(plan, cell, data_dir, attempts, telling)


def _job(plan: Plan, cell: Cell, data_dir: Path | None) -> Job:
    """The cell as this machine resolves it. Raises Mismatch where that is another run than the plan's."""
    request = cell.request
    tasks = f" --tasks {shlex.quote(str(plan.tasks_file))}" if plan.tasks_file else ""
    settings = request.settings(
        command=request.command + tasks,
        runs=plan.runs,
        tasks_file=plan.tasks_file,
        data_dir=data_dir,
        device=plan.device,
        timeout=plan.timeout,
    )
    seeds = [0 if request.seed is None else request.seed]
    resolved = resolve(request.algo, request.suite, seeds, settings, asking(plan.timeout), lambda text: None)
    resolved.remember()
    (job,) = resolved.jobs
    if job.key != cell.key:
        raise Mismatch(
            f"{cell.title}: the plan says run {cell.key}, here it would be {job.key}: code, suite or data differ.",
            "fix: the same version of the code on every machine; then plan again with the same command",
        )
    return job


def _carried_out(job: Job, attempts: Attempts, telling: Telling, memory_mib: float | None) -> Outcome:
    earlier = attempts.failed[:-1]  # the last one is this one
    settings = dataclasses.replace(
        job.settings, halvings=attempts.short_of_memory, attempts=earlier, memory_mib=memory_mib
    )
    job = dataclasses.replace(job, settings=settings)
    return already(job) or in_process(job, telling)


def _give_up(plan: Plan, cell: Cell, data_dir: Path | None, attempts: Attempts, telling: Telling) -> None:
    """There have been enough tries. What is nothing about the learner gets no record."""
    last = attempts.failed[-1]
    reason, kind = last.reason, last.kind
    if kind == "lost":
        reason = f"tried {len(attempts.made)} times, and each time its process or worker was lost"
    elif kind == "memory" and last.peak_mib:
        reason = f"out of memory, needs about {gib_text(last.peak_mib)}"
    if kind != "infrastructure":
        try:
            job = _job(plan, cell, data_dir)
        except BenchError as error:
            telling.tell("refused", reason=error.message)
            return
        job = dataclasses.replace(job, settings=dataclasses.replace(job.settings, attempts=attempts.failed))
        failed(job, RunStore(plan.runs), Failure(reason, "memory" if kind == "memory" else "lost"))
    telling.tell("given_up", kind=kind, reason=reason)
