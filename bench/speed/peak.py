"""What this machine does at best: products of square matrices, with the threads and the arithmetic of a run."""

from __future__ import annotations

import time

import torch

from bench.runs.timing import synchronise
from bench.training.precision import Precision

_SIZES = {"cpu": (256, 512, 1024), "cuda": (2048, 4096, 8192)}  # small ones fit caches, large ones fill the device


def matmul_gflops(device: torch.device, precision: Precision, seconds: float) -> float:
    """Billions of operations per second, the fastest product of all: a peak is what no disturbance lowers.

    seconds : how long to try, at least two products of each size. Called under `matmul_precision(precision)`.
    """
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    sizes, best = _SIZES.get(device.type, _SIZES["cpu"]), 0.0
    for size in sizes:
        a, b = (torch.rand(size, size, device=device).to(dtype) for _ in range(2))
        product, began, tried = a @ b, time.perf_counter(), 0  # the first one chooses kernels
        while tried < 2 or time.perf_counter() - began < seconds / len(sizes):
            synchronise(device)
            start = time.perf_counter()
            torch.mm(a, b, out=product)
            synchronise(device)
            best = max(best, 2 * size**3 / (time.perf_counter() - start) / 1e9)
            tried += 1
    return best
