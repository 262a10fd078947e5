"""What a run cost: memory and size. How fast it answers is measured apart: `bench.runs.timing`."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.records import Memory, Size

if TYPE_CHECKING:
    from bench.domains import Frozen
    from bench.learners.contract import Learner


def size(learner: Learner, episodes: Frozen) -> Size:
    """Number of parameters, and floating-point operations of one episode or trial where torch can count them."""
    return Size(
        parameters=sum(p.numel() for p in learner.parameters()), flops_per_episode=_flops_per_episode(learner, episodes)
    )


def peak_memory(device: torch.device) -> Memory:
    """Highest resident memory of this process, which is the cell's own, and highest allocated device memory, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB on Linux
    host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    on_device = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
    return Memory(peak_host_mib=round(host, 1), peak_device_mib=on_device and round(on_device, 1))


def counted_flops(work: Callable[[], object]) -> float | None:
    """Floating-point operations of a piece of work; None where torch's counter saw none.

    The counter knows matrix products, convolutions and attention. Raises whatever the work does under it: it is a
    dispatch mode, and not every transform or compiled function can go on below one.
    """
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) or None


def _flops_per_episode(learner: Learner, episodes: Frozen) -> float | None:
    answer = next(episodes.singles(learner, 1))
    try:
        with torch.no_grad():
            return counted_flops(answer)
    except Exception:  # a size that can't be measured is left out
        return None
