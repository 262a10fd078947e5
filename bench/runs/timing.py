"""Speed and size by one stated procedure: warm-up, device synchronised around the clock, median and p95."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.domains import Frozen
from bench.learners.contract import Learner
from bench.records import Memory
from bench.runs.precision import Precision, autocast

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
            _synchronise(episodes.device)
            began = time.perf_counter()
            answer()
            _synchronise(episodes.device)
            if index >= WARMUP:
                times.append(1e3 * (time.perf_counter() - began))
    return Latency(float(np.percentile(times, 50)), float(np.percentile(times, 95)))


def flops_per_episode(learner: Learner, episodes: Frozen) -> float | None:
    """Floating-point operations of one episode or trial, counted by torch; None where it can't follow the code."""
    answer = next(episodes.singles(learner, 1))
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            answer()
    except Exception:  # the counter does not know every transform; a size that can't be measured is left out
        return None
    return float(counter.get_total_flops()) or None


def peak_memory(device: torch.device) -> Memory:
    """Highest resident memory of this process and highest allocated device memory so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB on Linux
    host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    on_device = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
    return Memory(peak_host_mib=round(host, 1), peak_device_mib=on_device and round(on_device, 1))


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
