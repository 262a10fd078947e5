"""One job from start to end, in this process and under its lease: prepare, train, evaluate, measure, write."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import BenchError, Mismatch, StoreError
from bench.records import RunStore
from bench.records.files import explain
from bench.records.lease import Busy, lease
from bench.records.names import LEASE
from bench.runs.allocator import keep_memory
from bench.runs.audit import audited
from bench.runs.device import choose_device
from bench.runs.environment import environment
from bench.runs.failure import Failure
from bench.runs.finish import finish
from bench.runs.job import Job
from bench.runs.leftovers import threads_left
from bench.runs.measure import peak_memory
from bench.runs.outcome import Outcome, finished, suffices
from bench.runs.prepare import build_learner, leak, rehearse
from bench.runs.prepared_suite import prepare
from bench.runs.score import score
from bench.runs.train import take_over, train
from bench.runs.workplace import Workplace
from bench.runs.write import Declared, Findings, write, write_failure
from bench.training.observer import Observer
from bench.training.precision import matmul_precision


def run(job: Job, observer: Observer) -> Outcome:
    """Carry out one job, or return its finished record at once.

    A learner that fails leaves a `failed` record with the reason; Ctrl-C leaves an `interrupted` one and goes on up.
    Where another process works on the same run the outcome is "busy", unless the job is to wait. Raises BenchError
    before anything is written when the data is missing or the hashes disagree, StoreError when the records can't be
    written.
    """
    keep_memory()
    store = RunStore(job.settings.runs)
    place, device = store.path(job.suite.name, job.info.name, job.key), choose_device(job.settings.device)
    try:
        with lease(place.with_name(LEASE + job.key), job.settings.wait, observer.note):
            store.sweep(place)
            found = None if job.settings.force else finished(store, job)
            if found and suffices(found, job):
                return found
            return _carry_out(Workplace(job, store, place, device, observer), found)
    except Busy as busy:
        return Outcome(job, place, None, note=f"{busy}; --wait waits for it")


def _carry_out(at: Workplace, found: Outcome | None) -> Outcome:
    job, findings, threads = at.job, Findings(environment(at.device)), threading.enumerate()
    if job.facts.skip:
        return write(job, at.store, "skipped", f"{job.info.name} {job.facts.skip}", findings)

    def fail(failure: Failure) -> Outcome:
        with contextlib.suppress(BenchError):  # a copy of the process ends here; the process itself has failed already
            at.observer.alone()
        findings.memory = peak_memory(at.device)
        return write_failure(job, at.store, failure, findings)

    with _folder(at), matmul_precision(job.recipe.precision):
        prepared = prepare(job.suite, at.device, job.settings.data_dir)
        try:
            if leaks := leak(at, prepared):
                return fail(Failure(leaks))
            learner = build_learner(at, prepared, found)
            findings.declared = Declared.by(learner)
            if found:
                take_over(found, at.store, findings)
            elif job.trains:
                rehearse(at, prepared)
                train(at, prepared, learner, findings)
            if not job.settings.test:
                findings.memory = peak_memory(at.device)
                return write(job, at.store, "validated", None, findings)  # the training state stays, for `bench run`
            scored = score(at, prepared, learner, found)
            why = audited(at, prepared, learner, scored, findings)
            return finish(at, prepared, learner, scored, findings, why or threads_left(threads))
        except KeyboardInterrupt:
            write(job, at.store, "interrupted", "stopped by the user; the same command continues it", findings)
            raise
        except (StoreError, Mismatch):  # nothing about the learner
            raise
        except BenchError as error:
            return fail(Failure(error.message))
        except (Exception, SystemExit) as error:  # whatever a learner raises is a result about that learner
            return fail(Failure.of(error))


@contextmanager
def _folder(at: Workplace) -> Iterator[None]:
    """The folder of the training state: a disk that can't be written shows before the work, not after."""
    if at.job.settings.force:
        shutil.rmtree(at.folder, ignore_errors=True)
    try:
        at.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, at.place) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # one that holds a training state stays
            at.folder.rmdir()
