"""Speed and size by one stated procedure: warm-up, device synchronised around the clock, median and p95."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from bench.learners.contract import Learner
from bench.learners.explorer import Explorer
from bench.runs.evaluation import answering
from bench.runs.precision import Precision, autocast
from bench.runs.rollout import play
from bench.tasks.episodes import EvaluationEpisodes

WARMUP, REPEATS = 10, 50


@dataclass(frozen=True)
class Latency:
    """Milliseconds from a support set to its query predictions, or of one whole trial; one at a time."""

    p50: float
    p95: float


def adaptation_latency(learner: Learner, episodes: EvaluationEpisodes, precision: Precision) -> Latency:
    """Time single episodes with their images on the device, or single trials: 10 to warm up, then 50 timed ones.

    Nothing is embedded beforehand: this is what a user with a new task waits for.
    """
    times = []
    with torch.no_grad(), autocast(episodes.device, precision):
        for index, answer in enumerate(singles(learner, episodes, WARMUP + REPEATS)):
            _synchronise(episodes.device)
            began = time.perf_counter()
            answer()
            _synchronise(episodes.device)
            if index >= WARMUP:
                times.append(1e3 * (time.perf_counter() - began))
    return Latency(float(np.percentile(times, 50)), float(np.percentile(times, 95)))


def singles(learner: Learner, episodes: EvaluationEpisodes, n: int) -> Iterator[Callable[[], object]]:
    """The first `n` episodes or trials, drawn, each ready to be answered by a call."""
    if isinstance(learner, Explorer):
        for trial in episodes.trials(n, 1):
            yield partial(play, learner, trial)
    elif learner.knows:
        answer = answering(learner, episodes, 1, 0)[0]
        for episode in episodes.batches(n, 1):
            yield partial(answer, episode)
    else:
        for episode in episodes.batches(n, 1):
            yield partial(learner.predict, episode.support_x, episode.support_y, episode.query_x)


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
