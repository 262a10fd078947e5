"""Speed and size by one stated procedure: warm-up, device synchronised around the clock, median and p95."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch

from bench.domains import Frozen
from bench.learners.contract import Learner
from bench.training.precision import Precision, autocast

WARMUP, REPEATS = 10, 50


@dataclass(frozen=True)
class Latency:
    """Milliseconds from a support set to its query predictions, or of one whole trial; one at a time."""

    p50: float
    p95: float


def adaptation_latency(learner: Learner, episodes: Frozen, precision: Precision) -> Latency:
    """Time single episodes with their images on the device, or single trials: 10 to warm up, then 50 timed ones.

    Nothing is embedded beforehand: this is what a user with a new task waits for.
    """
    times = []
    with torch.no_grad(), autocast(episodes.device, precision):
        for index, answer in enumerate(episodes.singles(learner, WARMUP + REPEATS)):
            synchronise(episodes.device)
            began = time.perf_counter()
            answer()
            synchronise(episodes.device)
            if index >= WARMUP:
                times.append(1e3 * (time.perf_counter() - began))
    return Latency(float(np.percentile(times, 50)), float(np.percentile(times, 95)))


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was told, before a clock is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
