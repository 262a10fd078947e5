"""The third step of a run: meta-training, or what a longer request takes over from the run that it extends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.records import RunStore, Timing, Validation
from bench.runs.evaluation import evaluate
from bench.runs.job import Job
from bench.runs.outcome import Outcome
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.workplace import Workplace
from bench.runs.write import Findings
from bench.training.loop import Selection, Trained, Validate, meta_train
from bench.training.recipes import SMOKE_STEPS
from bench.training.state import TrainingState

if TYPE_CHECKING:
    import pandas as pd

    from bench.learners.contract import Learner


def train(at: Workplace, prepared: PreparedSuite, learner: Learner, findings: Findings) -> None:
    """Train the learner, from where an earlier attempt came to, and load the best validated weights."""
    job = at.job
    recipe = job.recipe
    assert job.seed is not None
    state = TrainingState(at.folder)
    before = state.progress()
    at.observer.phase("training", recipe.steps, before.step if before else 0)
    validate = validation(job, prepared, learner)
    selection = Selection(validate, job.suite.higher_is_better, checks(job), recipe.selection)
    trained = meta_train(learner, prepared.training(job.seed), selection, recipe, job.seed, state, at.observer)
    findings.validation, findings.curve = _training_summary(job, trained)
    findings.timing = _training_cost(job, trained)


def validation(job: Job, prepared: PreparedSuite, learner: Learner) -> Validate:
    """One check of the suite's validation rule: the learner's mean score on held-out episodes."""
    held_out = prepared.evaluation("val")

    def validate() -> float:
        scores = evaluate(
            learner, held_out, job.suite.validation.episodes, batch=job.eval_batch, precision=job.recipe.precision
        )
        return float(scores["score"].mean())

    return validate


def checks(job: Job) -> int:
    """How many of them a training has."""
    return 1 if job.recipe.steps <= SMOKE_STEPS else job.suite.validation.checks


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


def take_over(found: Outcome, store: RunStore, findings: Findings) -> None:
    """What a longer request keeps of the run that it extends."""
    assert found.record is not None
    old = found.record.timing
    findings.validation, findings.curve = found.record.validation, store.read_curve(found.path)
    findings.timing = Timing(train_s=old.train_s, train_episodes_per_s=old.train_episodes_per_s)
