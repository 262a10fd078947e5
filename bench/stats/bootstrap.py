"""Bootstrap-t: an interval for the mean of a skewed metric such as the mean squared error."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bench import philox
from bench.errors import UsageError
from bench.stats._checks import FloatArray, probability, vector
from bench.stats.intervals import Interval, mean_and_sd, t_interval

_BLOCK = 1 << 19  # draws held at once: 4 MiB an array, whatever the number of episodes


def bootstrap_t_interval(
    values: npt.ArrayLike, level: float = 0.95, *, resamples: int = 2000, seed: int = 0
) -> Interval:
    """Closed interval for a skewed metric, with ends that need not lie symmetrically about the mean.

    Each resample b gives t_b = (mean_b - mean) / (sd_b / sqrt(n)); the ends are mean - q_high se and mean - q_low se,
    where q_low and q_high are the k-th smallest and k-th largest t_b, k = floor((resamples + 1) (1 - level) / 2).
    Draws come from `bench.philox`, keyed by `seed`: equal arguments give equal ends on every machine and NumPy.

    With a spread that rests on so few episodes that many resamples have none (one outlier among equal values), the
    t_b are infinite and the result is the t interval; `method` says so.

    Parameters
    ----------
    values : float [episodes], any unit
    level : confidence in (0, 1)
    resamples : at least enough for one resample beyond each end; 2,000 x 2,000 episodes take about 0.1 seconds
    seed : names the stream of draws

    Raises
    ------
    UsageError : fewer than 2 values, not finite, or too few resamples for the level.

    References
    ----------
    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 12.5; Hall 1988, Annals of Statistics 16(3).

    Examples
    --------
    >>> interval = bootstrap_t_interval([0.1, 0.2, 0.1, 0.3, 0.2, 1.5, 0.1, 0.2, 0.4, 0.3])
    >>> f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"
    '0.34 [0.14, 1.40]'
    """
    x = vector(values)
    k = math.floor((resamples + 1) * (1 - probability(level, "level")) / 2)
    if k < 1:
        raise UsageError(
            f"Expected at least {math.ceil(2 / (1 - level)) - 1} resamples for level {level}; found {resamples}."
        )
    mean, sd = mean_and_sd(x)
    t = np.sort(_studentised(x - mean, resamples, seed)) if sd > 0 else np.zeros(resamples)
    low, high = float(t[k - 1]), float(t[-k])
    if not (math.isfinite(low) and math.isfinite(high)):
        return t_interval(x, level)
    se = sd / math.sqrt(x.size)
    return Interval(mean, mean - high * se, mean - low * se, se, sd, x.size, "bootstrap-t", x.size - 1.0)


def _studentised(centred: FloatArray, resamples: int, seed: int) -> FloatArray:
    """t_b of every resample, float64 [resamples]; ±infinity where a resample has no spread."""
    n = centred.size
    smallest = 1e-12 * float(centred @ centred)  # below it a resample's spread is rounding error
    t = np.empty(resamples)
    rows = max(1, _BLOCK // n)
    for first in range(0, resamples, rows):
        count = min(rows, resamples - first)
        draws = centred[philox.below(philox.words(("bootstrap-t", seed), first, count, n), n)]
        mean = draws.mean(axis=1)
        squares = np.einsum("bi,bi->b", draws, draws) - n * mean**2
        spread = squares > smallest
        se = np.sqrt(np.where(spread, squares, 1.0) / (n - 1) / n)
        t[first : first + count] = np.where(spread, mean / se, np.copysign(np.inf, mean))
    return t
