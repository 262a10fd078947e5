"""The second step of a run: its learner, examined, built and rehearsed on the prepared suite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.checks import find_leak
from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.learners.predictions import PredictionError
from bench.records.weights import weights_of
from bench.runs.build import build
from bench.runs.evaluation import evaluate
from bench.runs.outcome import Outcome
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.workplace import Workplace

if TYPE_CHECKING:
    from bench.learners.contract import Learner


def leak(at: Workplace, prepared: PreparedSuite) -> str | None:
    """Why the learner may not be measured as it declares itself, or None."""
    learner = load(at.job.info)
    options = resolve_options(learner, at.job.facts.options)
    return find_leak(learner, options, prepared.spec, at.job.source_sha256, at.store.root, at.device)


def build_learner(at: Workplace, prepared: PreparedSuite, found: Outcome | None = None) -> Learner:
    """Of the job's seed and options, with the weights it starts from, or those that the found run scored."""
    job, learner = at.job, load(at.job.info)
    weights = _scored_weights(found) if found else job.settings.checkpoint
    options = resolve_options(learner, job.facts.options)
    built = build(learner, options, prepared, job.seed, job.recipe.strategy, weights)
    at.observer.alone()
    return built


def _scored_weights(found: Outcome) -> Path | None:
    """Checkpoint of the finished run that a longer request continues. Raises as `weights_of` does."""
    assert found.record is not None
    return weights_of(found.path, found.record, otherwise="train again with --force")


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
