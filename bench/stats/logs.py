"""Errors on logarithms: the geometric mean.

Squared errors differ between episodes by factors, and a handful of episodes may carry their mean; then the mean of
another 2,000 episodes is another one, and no interval says how far off. Their logarithms have light tails, so that
every interval and test of this package holds for them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from bench.errors import UsageError
from bench.stats._checks import FloatArray, numbers, vector_or_seed_matrix
from bench.stats.intervals import Interval, t_interval
from bench.stats.seeds import crossed_interval

SomeInterval = TypeVar("SomeInterval", bound=Interval)

SMALLEST_ERROR = 1e-12  # what rounding to single precision leaves of a perfect answer, in squared target units


def log_errors(errors: npt.ArrayLike) -> FloatArray:
    """Natural logarithms of squared errors, same shape; errors below `SMALLEST_ERROR` count as that.

    The floor is for perfect answers: 0 has no logarithm, and between 1e-14 and 1e-20 only rounding differs.

    Parameters
    ----------
    errors : float of any shape, none negative; targets of order 1

    Raises
    ------
    UsageError : negative or not finite.

    Examples
    --------
    >>> log_errors([1.0, 0.0]).round(2).tolist()
    [0.0, -27.63]
    """
    x = numbers(errors, "errors")
    if x.size and x.min() < 0:
        raise UsageError(f"Expected errors of at least 0; found {x.min():g}.", "Only positive metrics have logarithms.")
    logs: FloatArray = np.log(np.maximum(x, SMALLEST_ERROR))
    return logs


def from_logs(interval: SomeInterval) -> SomeInterval:
    """An interval of logarithms as one of what they are logarithms of: exp of the mean and of both ends.

    A mean of logarithms becomes a geometric mean, a difference of two becomes their ratio. Both ends are above 0 and
    the interval holds exactly as often. `se` and `sd` stay those of the logarithms (a relative error, while small).

    >>> found = from_logs(t_interval(log_errors([0.1, 0.2, 0.4, 0.2])))
    >>> f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}] {found.method}"
    '0.200 [0.081, 0.492] log-t'
    """
    mean, low, high = (float(np.exp(value)) for value in (interval.mean, interval.low, interval.high))
    return replace(interval, mean=mean, low=low, high=high, method=f"log-{interval.method}")


def geometric_mean(errors: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Geometric mean of errors with its closed interval: exp of that of the mean logarithm.

    One checkpoint: exp(mean ± t(n-1) sd / sqrt(n)) of the logs, `t_interval`. Seeds: logarithms are taken per seed and
    episode, then `crossed_interval`. With sigma the standard deviation of the logs the mean of a lognormal error is
    exp(sigma^2 / 2) times its geometric mean, which is its median.

    Parameters
    ----------
    errors : float [episodes], or float [seeds, episodes]; none negative (see `log_errors` for 0)
    level : confidence in (0, 1)

    Raises
    ------
    UsageError : negative, not finite, fewer than 2 seeds or episodes.

    References
    ----------
    Fleming and Wallace 1986, Communications of the ACM 29(3) (ratios are summarised by geometric means); coverage for
    errors whose mean does not exist: docs/statistics.md.

    Examples
    --------
    >>> found = geometric_mean([[0.1, 0.2, 0.4, 0.2], [0.1, 0.3, 0.5, 0.2], [0.1, 0.2, 0.3, 0.2]])
    >>> f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"
    '0.206 [0.085, 0.495]'
    """
    x = vector_or_seed_matrix(log_errors(errors), "errors")
    return from_logs(t_interval(x, level) if x.ndim == 1 else crossed_interval(x, level))
