"""Pairs of learner, recipe and suite that can't end well, found before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.domains import TaskSpec
from bench.domains.images.task import ImageSpec
from bench.learners.contract import Learner, unfit
from bench.learners.predictions import Unrankable
from bench.runs.build import build
from bench.runs.evaluation import evaluate
from bench.runs.prepared_suite import PreparedSuite
from bench.seeding import seeded
from bench.training.recipes import Recipe

_OF_DISTRIBUTIONS = "loglik"  # the one metric that not every kind of answer has


def why_not(learner: type[Learner], options: Any, prepared: PreparedSuite, recipe: Recipe) -> str | None:
    """Why the learner can't be asked such a task, or None: another domain, its own `skip`, or answers without a score.

    Whatever else goes wrong in the untrained copy that is asked is left to the run.
    """
    reason = unfit(learner, prepared.spec)
    if reason or prepared.suite.metric != _OF_DISTRIBUTIONS:
        return reason
    try:
        evaluate(build(learner, options, prepared, 0, recipe.strategy, None), prepared.evaluation("val"), 2, batch=2)
    except Unrankable as error:
        return f"can't be ranked: {error.message.rstrip('.')}"
    except Exception:
        return None
    return None


def way_bound(learner: type[Learner], options: Any, spec: TaskSpec, recipe: Recipe) -> str:
    """Weights that have the suite's way in their shape where the recipe's is another: "head.weight [5, 64]", or "".

    A learner with a `meta_train` of its own draws what it likes.
    """
    way = recipe.train.way
    if not isinstance(spec, ImageSpec) or way in (None, spec.way) or learner.meta_train is not Learner.meta_train:
        return ""
    try:
        with seeded(0):
            told_suites, told_batchs = (learner(task, options).state_dict() for task in (spec, replace(spec, way=way)))
    except Exception:  # a constructor that raises does so in the run, too
        return ""
    bound = [
        f"{name} {list(value.shape)}"
        for name, value in told_suites.items()
        if name in told_batchs and value.shape != told_batchs[name].shape
    ]
    return ", ".join(bound[:3])
