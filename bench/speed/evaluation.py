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
    learner: Learner,
    episodes: Frozen,
    batch: int,
    precision: Precision,
    seconds: float,
    alone: Callable[[], None],
    n: int | None = None,
) -> Evaluation:
    """Blocks of episodes for about `seconds`, then sixty alone, however long they take: the procedure of `bench time`.

    n : episodes of a block [default: as many batches as fit, at most an official result's episodes]; what is done once,
        such as to embed a pool of images, weighs less in a longer one
    """
    batch = min(batch, BUDGET_EPISODES["full"])
    once = answering(learner, episodes, n or batch, batch, precision)
    once()  # first calls allocate and compile
    alone()
    if n is None:
        fit = int(seconds / (_BLOCKS * max(_seconds(once), 1e-9)))
        n = batch * max(1, min(fit, BUDGET_EPISODES["full"] // batch))
        alone()
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
