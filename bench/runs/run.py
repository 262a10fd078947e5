"""One job from start to end, in this process and under its lease: prepare, train, evaluate, measure, write."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bench.checks import find_leak
from bench.errors import BenchError, Mismatch, StoreError, UsageError
from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.learners.predictions import PredictionError
from bench.learners.weights import write_tensors
from bench.records import RunStore, Timing, Validation
from bench.records.files import explain
from bench.records.lease import Busy, lease
from bench.records.names import LEASE, TRAINING
from bench.runs.allocator import keep_memory
from bench.runs.build import build
from bench.runs.environment import Contention, environment
from bench.runs.evaluation import evaluate
from bench.runs.job import Job
from bench.runs.leftovers import threads_left
from bench.runs.measure import peak_memory, size
from bench.runs.metrics import too_many_floored
from bench.runs.observer import Observer
from bench.runs.outcome import Outcome, finished, suffices
from bench.runs.precision import matmul_precision
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.runs.recipes import SMOKE_STEPS
from bench.runs.state import TrainingState, file_sha256
from bench.runs.train import Selection, Trained, meta_train
from bench.runs.write import Declared, Findings, write

if TYPE_CHECKING:
    import pandas as pd

    from bench.learners.contract import Learner


def run(job: Job, observer: Observer) -> Outcome:
    """Carry out one job, or return its finished record at once.

    A learner that fails leaves a `failed` record with the reason; Ctrl-C leaves an `interrupted` one and goes on up.
    Where another process works on the same run the outcome is "busy", unless the job is to wait. Raises BenchError
    before anything is written when the data is missing or the hashes disagree, StoreError when the records can't be
    written.
    """
    keep_memory()
    store = RunStore(job.settings.runs)
    place = store.path(job.suite.name, job.info.name, job.key)
    try:
        with lease(place.with_name(LEASE + job.key), job.settings.wait, observer.note):
            store.sweep(place)
            found = None if job.settings.force else finished(store, job)
            if found and suffices(found, job):
                return found
            return _carry_out(Workplace(job, store, place, _device(job), observer), found)
    except Busy as busy:
        return Outcome(job, place, None, note=f"{busy}; --wait waits for it")


@dataclass(frozen=True)
class Workplace:
    """What every step of a job needs to know."""

    job: Job
    store: RunStore
    place: Path
    device: torch.device
    observer: Observer

    @property
    def folder(self) -> Path:
        """Where an unfinished training lies."""
        return self.place.with_name(TRAINING + self.job.key)


@dataclass(frozen=True)
class Scored:
    """Scores of the test episodes and what it took to get them."""

    scores: pd.DataFrame
    seconds: float
    new: int  # episodes scored in these seconds
    contended: bool


def _carry_out(at: Workplace, found: Outcome | None) -> Outcome:
    job, findings, threads = at.job, Findings(environment(at.device)), threading.enumerate()
    if job.facts.skip:
        return write(job, at.store, "skipped", f"{job.info.name} {job.facts.skip}", findings)

    def fail(reason: str) -> Outcome:
        if found is None:
            return write(job, at.store, "failed", reason, findings)
        assert found.record is not None
        raise BenchError(
            f"{job.title}: {reason}",
            f"The {found.record.episodes:,} episodes scored before stay: bench show {found.path}",
        )

    with _folder(at), matmul_precision(job.recipe.precision):
        try:
            prepared = prepare(job.suite, at.device, job.settings.data_dir)
            if leak := _leak(at, prepared):
                return fail(leak)
            learner = _learner(at, prepared, found)
            findings.declared = Declared(learner.transductive, tuple(learner.external_data), learner.saw_test_classes)
            if found:
                _take_over(found, at.store, findings)
            elif job.trains:
                _rehearse(at, prepared)
                trained = _train(at, prepared, learner)
                findings.validation, findings.curve = _training_summary(job, trained)
                findings.timing = _training_cost(job, trained)
            scored = _evaluate(at, prepared, learner, found)
            return _finish(at, prepared, learner, scored, findings, threads_left(threads))
        except KeyboardInterrupt:
            write(job, at.store, "interrupted", "stopped by the user; the same command continues it", findings)
            raise
        except (UsageError, StoreError, Mismatch):  # nothing about the learner
            raise
        except BenchError as error:
            return fail(error.message)
        except SystemExit as leaving:
            return fail(f"the learner's code left the process: sys.exit({leaving.code!r})")
        except Exception as error:  # whatever a learner raises is a result about that learner
            return fail(f"{type(error).__name__}: {error}")


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


def _leak(at: Workplace, prepared: PreparedSuite) -> str | None:
    learner = load(at.job.info)
    options = resolve_options(learner, at.job.facts.options)
    return find_leak(learner, options, prepared.spec, at.job.source_sha256, at.store.root, at.device)


def _learner(at: Workplace, prepared: PreparedSuite, found: Outcome | None = None) -> Learner:
    job, learner = at.job, load(at.job.info)
    weights = _scored_weights(found, job) if found else job.settings.checkpoint
    options = resolve_options(learner, job.facts.options)
    built = build(learner, options, prepared, job.seed, job.recipe.strategy, weights)
    at.observer.alone()
    return built


def _scored_weights(found: Outcome, job: Job) -> Path | None:
    """Checkpoint of the finished run that a longer request continues; StoreError unless it is the one it scored."""
    assert found.record is not None
    file, recorded = found.path / "checkpoint.safetensors", found.record.checkpoint
    if recorded is None:
        return None
    if not file.is_file() or file_sha256(file) != recorded.sha256:
        raise StoreError(
            f"{file} is {'not the checkpoint that was scored' if file.is_file() else 'missing'}; "
            f"{job.episodes:,} episodes need it.",
            "Restore the file, or train again with --force.",
        )
    return file


def _take_over(found: Outcome, store: RunStore, findings: Findings) -> None:
    """What a longer request keeps of the run that it extends."""
    assert found.record is not None
    old = found.record.timing
    findings.validation, findings.curve = found.record.validation, store.read_curve(found.path)
    findings.timing = Timing(train_s=old.train_s, train_episodes_per_s=old.train_episodes_per_s)


def _rehearse(at: Workplace, prepared: PreparedSuite) -> None:
    """Let an untrained copy answer two validation episodes: what it can't answer shows before the training, not after.

    Raises PredictionError. Whatever else it raises may be the lack of training, and is left to the evaluation.
    """
    try:
        copy = _learner(at, prepared)
        evaluate(copy, prepared.evaluation("val"), 2, batch=2, precision=at.job.recipe.precision)
    except (PredictionError, SystemExit):
        raise
    except Exception:
        return


def _train(at: Workplace, prepared: PreparedSuite, learner: Learner) -> Trained:
    job = at.job
    rule, recipe = job.suite.validation, job.recipe
    assert job.seed is not None
    held_out = prepared.evaluation("val")

    def validate() -> float:
        scores = evaluate(learner, held_out, rule.episodes, batch=recipe.eval_batch, precision=recipe.precision)
        return float(scores["score"].mean())

    checks = 1 if recipe.steps <= SMOKE_STEPS else rule.checks
    state = TrainingState(at.folder)
    before = state.progress()
    at.observer.phase("training", recipe.steps, before.step if before else 0)
    selection = Selection(validate, job.suite.higher_is_better, checks, recipe.selection)
    return meta_train(learner, prepared.training(job.seed), selection, recipe, job.seed, state, at.observer)


def _training_summary(job: Job, trained: Trained) -> tuple[Validation | None, pd.DataFrame | None]:
    import pandas as pd

    progress = trained.progress
    if progress.best_score is None:
        return None, None
    validation = Validation(
        metric=job.suite.metric,
        mean=progress.best_score,
        n=job.suite.validation.episodes,
        step=progress.best_step,
        checks=len(progress.curve),
    )
    return validation, pd.DataFrame(progress.curve)


def _training_cost(job: Job, trained: Trained) -> Timing:
    progress, recipe = trained.progress, job.recipe
    rate = recipe.steps * recipe.batch / max(progress.step_seconds, 1e-9)
    return Timing(train_s=round(progress.seconds, 3), train_episodes_per_s=round(rate, 3))


def _evaluate(at: Workplace, prepared: PreparedSuite, learner: Learner, found: Outcome | None) -> Scored:
    """Score the test episodes that are not scored yet.

    All of them, where the earlier ones were scored on another machine: a record speaks of one environment.
    """
    import pandas as pd

    job, recipe = at.job, at.job.recipe
    earlier = at.store.read_scores(found.path, found.record) if found and _same_machine(found, at.device) else None
    first = 0 if earlier is None else len(earlier)
    at.observer.phase("evaluation", job.episodes, first)
    done = first

    def advance(count: int) -> None:
        nonlocal done
        done += count
        at.observer.alone()
        at.observer.advance(done)

    contention, began = Contention(), time.perf_counter()
    scores = evaluate(
        learner,
        prepared.evaluation("test"),
        job.episodes - first,
        batch=recipe.eval_batch,
        precision=recipe.precision,
        first=first,
        advance=advance,
    )
    seconds = time.perf_counter() - began
    if earlier is not None:  # a metric that bench learned since then would be known for the new episodes only
        scores = pd.concat([earlier, scores[[str(name) for name in earlier.columns]]], ignore_index=True)
    return Scored(scores, seconds, len(scores) - first, contention.busy())


def _same_machine(found: Outcome, device: torch.device) -> bool:
    assert found.record is not None
    here, there = environment(device), found.record.environment
    return (here.hardware_class, here.versions) == (there.hardware_class, there.versions)


def _finish(
    at: Workplace, prepared: PreparedSuite, learner: Learner, scored: Scored, findings: Findings, left: str | None
) -> Outcome:
    findings.scores = scored.scores
    findings.timing = findings.timing.model_copy(
        update={
            "eval_s": round(scored.seconds, 3),
            "eval_episodes_per_s": round(scored.new / max(scored.seconds, 1e-9), 3),
            "batch": at.job.recipe.eval_batch,
            "contended": scored.contended,
        }
    )
    findings.size = size(learner.eval(), prepared.evaluation("test"))
    findings.memory = peak_memory(at.device)
    if tensors := learner.state_dict():
        findings.checkpoint = at.folder / "checkpoint.safetensors"
        write_tensors(findings.checkpoint, tensors, {"run": at.job.title})  # of several entries the order is random
    reason = too_many_floored(scored.scores) or left
    outcome = write(at.job, at.store, "failed" if reason else "ok", reason, findings)
    shutil.rmtree(at.folder, ignore_errors=True)
    return outcome


def _device(job: Job) -> torch.device:
    wanted = job.settings.device
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch sees no CUDA device.", "Use --device cpu, or `bench doctor` to see why.")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)
