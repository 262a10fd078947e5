"""Gittins indices of a Bernoulli arm with a Beta posterior, by calibration against an arm of known mean.

The index of an arm is the known mean at which one is indifferent between pulling it at least once more, then whenever
that is best, and the known arm for the rest (Gittins 1979; Gittins, Glazebrook & Weber 2011, sections 1.4 and 8.4):
the root in lambda of `C(lambda) = mean - lambda + discount E max(0, C'(lambda))`, where C' is that of the arm after
its next reward. C is found by backward induction for a grid of lambdas at once; it is convex, decreasing and piecewise
linear in lambda, and its root is interpolated.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@cache
def finite_horizon(pulls: int, alpha: float = 1.0, beta: float = 1.0, grid: int = 1001) -> Array:
    """Index with m pulls left, undiscounted, after s successes and f failures: [pulls + 1, pulls, pulls], at [m, s, f].

    Defined where m >= 1 and s + f + m <= pulls, NaN elsewhere. Computed once in a process (n = 100: about 2 s).
    """
    known = np.linspace(0.0, 1.0, grid)
    index = np.full((pulls + 1, pulls, pulls), np.nan)
    ahead = [np.zeros((seen + 1, grid)) for seen in range(pulls + 1)]  # max(0, C), by s, after `seen` rewards
    for left in range(1, pulls + 1):
        now = []
        for seen in range(pulls - left + 1):
            successes, mean = posterior_mean(seen, alpha, beta)
            value = mean - known + mean * ahead[seen + 1][1:] + (1 - mean) * ahead[seen + 1][:-1]
            index[left, successes, seen - successes] = root(value, known)
            now.append(np.maximum(value, 0.0))
        ahead = now
    return index


def discounted(
    discount: float, pulls: int, alpha: float = 1.0, beta: float = 1.0, grid: int = 1001, depth: int = 300
) -> Array:
    """Index for an infinite discounted horizon after s successes and f failures: [pulls + 1, pulls + 1], at [s, f].

    Defined where s + f <= pulls, NaN elsewhere. After `depth` rewards the mean is taken as known, which moves an
    index by less than discount ** (depth - pulls).
    """
    known = np.linspace(0.0, 1.0, grid)
    index = np.full((pulls + 1, pulls + 1), np.nan)
    _, mean = posterior_mean(depth, alpha, beta)
    ahead = np.maximum(mean - known, 0.0) / (1 - discount)
    for seen in reversed(range(depth)):
        successes, mean = posterior_mean(seen, alpha, beta)
        value = mean - known + discount * (mean * ahead[1:] + (1 - mean) * ahead[:-1])
        if seen <= pulls:
            index[successes, seen - successes] = root(value, known)
        ahead = np.maximum(value, 0.0)
    return index


def posterior_mean(seen: int, alpha: float, beta: float) -> tuple[NDArray[np.int64], Array]:
    """The possible numbers of successes among `seen` rewards [seen + 1] and the posterior means [seen + 1, 1]."""
    successes = np.arange(seen + 1, dtype=np.int64)
    mean: Array = (alpha + successes[:, None].astype(np.float64)) / (alpha + beta + seen)
    return successes, mean


def root(value: Array, known: Array) -> Array:
    """Where each decreasing row of `value` [M, G] crosses zero, linear between grid points: [M]."""
    last = np.clip((value > 0).sum(1) - 1, 0, len(known) - 2)  # the last grid point before the crossing
    rows = np.arange(len(value))
    before, after = value[rows, last], value[rows, last + 1]
    crossing: Array = known[last] + (known[last + 1] - known[last]) * before / (before - after)
    return crossing
