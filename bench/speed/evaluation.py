"""How fast a learner answers: many episodes at once, and one alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench.domains import Frozen
from bench.learners.contract import Learner
from bench.runs.evaluation import evaluate
from bench.runs.timing import adaptation_latency
from bench.speed.result import Evaluation, Spread
from bench.tasks.suites import BUDGET_EPISODES
from bench.training.precision import Precision

_BLOCKS = 3


def answering(learner: Learner, episodes: Frozen, n: int, batch: int, precision: Precision) -> Callable[[], object]:
    """The scoring of the first `n` episodes, as a run does it."""
    return partial(evaluate, learner, episodes, n, batch=batch, precision=precision)


def time_evaluation(
    learner: Learner, episodes: Frozen, batch: int, precision: Precision, seconds: float, alone: Callable[[], None]
) -> Evaluation:
    """Blocks of a whole number of batches for about `seconds`, at most as many episodes as an official result has.

    Then sixty episodes one at a time, however long they take: the procedure of `bench time`.
    """
    batch = min(batch, BUDGET_EPISODES["full"])
    once = answering(learner, episodes, batch, batch, precision)
    once()  # first calls allocate and compile
    alone()
    each = _seconds(once) / batch
    alone()
    batches = int(seconds / (_BLOCKS * max(each, 1e-9)) / batch)
    n = batch * max(1, min(batches, BUDGET_EPISODES["full"] // batch))
    rates = []
    for _ in range(_BLOCKS):
        rates.append(n / _seconds(answering(learner, episodes, n, batch, precision)))
        alone()
    latency = adaptation_latency(learner.eval(), episodes, precision)
    return Evaluation(episodes=n, batch=batch, episodes_per_s=Spread.of(rates), p50=latency.p50, p95=latency.p95)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()  # scores come back as numbers, so that the device is done
    return time.perf_counter() - began
