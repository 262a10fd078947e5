"""The steps of a run after its suite is prepared, each once: check, build, train, evaluate, measure."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bench.checks import find_leak
from bench.errors import StoreError
from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.learners.predictions import PredictionError
from bench.learners.weights import write_tensors
from bench.records import RunStore, Timing, Validation
from bench.runs.build import build
from bench.runs.environment import Contention, environment
from bench.runs.evaluation import evaluate
from bench.runs.job import Job
from bench.runs.measure import peak_memory, size
from bench.runs.metrics import too_many_floored
from bench.runs.outcome import Outcome
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.workplace import Workplace
from bench.runs.write import Findings, write
from bench.training.loop import Selection, Trained, meta_train
from bench.training.recipes import SMOKE_STEPS
from bench.training.state import TrainingState, file_sha256

if TYPE_CHECKING:
    import pandas as pd

    from bench.learners.contract import Learner


@dataclass(frozen=True)
class Scored:
    """Scores of the test episodes and what it took to get them."""

    scores: pd.DataFrame
    seconds: float
    new: int  # episodes scored in these seconds
    contended: bool


def leak(at: Workplace, prepared: PreparedSuite) -> str | None:
    """Why the learner may not be measured as it declares itself, or None."""
    learner = load(at.job.info)
    options = resolve_options(learner, at.job.facts.options)
    return find_leak(learner, options, prepared.spec, at.job.source_sha256, at.store.root, at.device)


def build_learner(at: Workplace, prepared: PreparedSuite, found: Outcome | None = None) -> Learner:
    """Of the job's seed and options, with the weights it starts from, or those that the found run scored."""
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


def take_over(found: Outcome, store: RunStore, findings: Findings) -> None:
    """What a longer request keeps of the run that it extends."""
    assert found.record is not None
    old = found.record.timing
    findings.validation, findings.curve = found.record.validation, store.read_curve(found.path)
    findings.timing = Timing(train_s=old.train_s, train_episodes_per_s=old.train_episodes_per_s)


def rehearse(at: Workplace, prepared: PreparedSuite) -> None:
    """Let an untrained copy answer two validation episodes: what it can't answer shows before the training, not after.

    Raises PredictionError. Whatever else it raises may be the lack of training, and is left to the evaluation.
    """
    try:
        copy = build_learner(at, prepared)
        evaluate(copy, prepared.evaluation("val"), 2, batch=2, precision=at.job.recipe.precision)
    except (PredictionError, SystemExit):
        raise
    except Exception:
        return


def train(at: Workplace, prepared: PreparedSuite, learner: Learner, findings: Findings) -> None:
    """Train the learner, from where an earlier attempt came to, and load the best validated weights."""
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
    trained = meta_train(learner, prepared.training(job.seed), selection, recipe, job.seed, state, at.observer)
    findings.validation, findings.curve = _training_summary(job, trained)
    findings.timing = _training_cost(job, trained)


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


def score(at: Workplace, prepared: PreparedSuite, learner: Learner, found: Outcome | None) -> Scored:
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


def finish(
    at: Workplace, prepared: PreparedSuite, learner: Learner, scored: Scored, findings: Findings, left: str | None
) -> Outcome:
    """Measure what the run cost, and write its record; the training state is not needed any more."""
    at.observer.alone()
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
