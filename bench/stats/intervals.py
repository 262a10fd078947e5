"""The interval type, and Student's t interval for one checkpoint on this pool of classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.stats._checks import FloatArray, probability, vector
from bench.stats._student import t_quantile


@dataclass(frozen=True)
class Interval:
    """A mean and how well it is known, in the unit of the scores.

    low, high : ends of the interval
    se : standard error of `mean`
    sd : standard deviation over episodes (ddof 1)
    n : episodes (suites, for a mean across suites)
    method : formula behind the ends: "t", "bootstrap-t", "open-t", "crossed-t", "paired-t", "across-suites",
        "crossed bootstrap-t"; with "log-" before it the ends are those of logarithms, taken back (`from_logs`)
    df : degrees of freedom of `se`
    """

    mean: float
    low: float
    high: float
    se: float
    sd: float
    n: int
    method: str
    df: float = math.inf


def t_interval(values: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Closed interval: the mean of one checkpoint over endless episodes from this same pool of classes.

    mean ± t(n-1, (1 + level) / 2) sd / sqrt(n), sd with n - 1 in the denominator.

    Parameters
    ----------
    values : float [episodes], one score per episode, any unit
    level : confidence in (0, 1)

    Raises
    ------
    UsageError : fewer than 2 values, another shape, values that are not finite numbers.

    References
    ----------
    Student 1908, Biometrika 6(1), "The probable error of a mean".

    Examples
    --------
    >>> interval = t_interval([0.6, 0.8, 0.4, 0.8, 0.9])
    >>> f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
    '0.700 [0.452, 0.948]'
    """
    x = vector(values)
    mean, sd = mean_and_sd(x)
    return student_interval(mean, sd / math.sqrt(x.size), sd, x.size, x.size - 1, level, "t")


def mean_and_sd(x: FloatArray) -> tuple[float, float]:
    """Mean and standard deviation (ddof 1) of float64 [n]; exactly (c, 0) for a constant c."""
    if x.min() == x.max():  # rounding would leave a constant with a spread of 1e-17
        return float(x[0]), 0.0
    return float(x.mean()), float(np.std(x, ddof=1))


def student_interval(mean: float, se: float, sd: float, n: int, df: float, level: float, method: str) -> Interval:
    """mean ± t(df) se as an `Interval`."""
    half = t_quantile(0.5 + probability(level, "level") / 2, df) * se
    return Interval(mean, mean - half, mean + half, se, sd, n, method, float(df))
