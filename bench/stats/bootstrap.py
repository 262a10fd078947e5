"""Bootstrap-t: an interval for the mean of a skewed metric such as the mean squared error."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from bench import philox
from bench.errors import UsageError
from bench.stats._checks import FloatArray, probability, vector_or_seed_matrix
from bench.stats._student import satterthwaite, t_quantile
from bench.stats.intervals import Interval, mean_and_sd
from bench.stats.seeds import mean_squares

_BEYOND = 500.0  # a factor of e^500 is no upper end, and a larger one no number
_BLOCK = 1 << 19  # draws held at once: 4 MiB an array, whatever the number of episodes


def bootstrap_t_interval(
    values: npt.ArrayLike, level: float = 0.95, *, positive: bool = False, resamples: int = 2000, seed: int = 0
) -> Interval:
    """Closed interval for a skewed metric, with ends that need not lie symmetrically about the mean.

    Each resample b gives t_b = (mean_b - mean) / (sd_b / sqrt(n)); the ends are mean - q_high se and mean - q_low se,
    where q_low and q_high are the k-th smallest and k-th largest t_b, k = floor((resamples + 1) (1 - level) / 2).
    Draws come from `bench.philox`, keyed by `seed`: equal arguments give equal ends on every machine and NumPy.

    Of a quantity that can't be negative the logarithm of the mean is studentised (`positive`), with the standard error
    se / mean of the delta method: t_b = log(mean_b / mean) mean_b / se_b, ends mean exp(-q se / mean). No end is 0.

    With seeds, the resamples are of episodes (all seeds of an episode together) and the trainings' spread joins by its
    variance, v = max(MS_seed - MS_interaction, 0) / (S E): each arm becomes sqrt(arm^2 + t(S-1)^2 v), as the limits of
    a sum of independent parts are recovered from the limits of the parts. Three seeds can't be resampled: that would
    give ten different draws.

    With a spread that rests on so few episodes that many resamples have none (one outlier among equal values), the
    t_b are infinite and Student's t stands in for them; `method` says so.

    Parameters
    ----------
    values : float [episodes], or float [S seeds, E episodes], any unit
    level : confidence in (0, 1)
    positive : the metric can't be negative, so no interval of it may reach 0
    resamples : at least enough for one resample beyond each end; 2,000 x 2,000 episodes take about 0.1 seconds
    seed : names the stream of draws

    Returns
    -------
    Interval with `se` of the mean, seeds included; `df` is n - 1, with seeds Satterthwaite's.

    Raises
    ------
    UsageError : fewer than 2 episodes or seeds, not finite, below 0 though `positive`, too few resamples for the level.

    References
    ----------
    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 12.5 and (transformations) 12.6; Hall 1988,
    Annals of Statistics 16(3); Zou and Donner 2008, Statistics in Medicine 27(10) (limits of a sum from its parts').

    Examples
    --------
    >>> scores = [0.1, 0.2, 0.1, 0.3, 0.2, 1.5, 0.1, 0.2, 0.4, 0.3]
    >>> for interval in (bootstrap_t_interval(scores), bootstrap_t_interval(scores, positive=True)):
    ...     print(f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]")
    0.34 [0.14, 1.40]
    0.34 [0.16, 2.86]
    """
    x = vector_or_seed_matrix(values)
    k = math.floor((resamples + 1) * (1 - probability(level, "level")) / 2)
    if k < 1:
        raise UsageError(
            f"Expected at least {math.ceil(2 / (1 - level)) - 1} resamples for level {level}; found {resamples}."
        )
    if positive and x.min() < 0:
        raise UsageError(f"Expected values of at least 0 for a positive metric; found {x.min():g}.")
    by_episode = x if x.ndim == 1 else x.mean(axis=0)
    mean, sd = mean_and_sd(by_episode)
    n = by_episode.size
    se, df = sd / math.sqrt(n), n - 1.0
    scale = mean if positive and mean > 0 else None  # of the logarithm's standard error
    t = np.sort(_studentised(by_episode, mean, scale is not None, resamples, seed)) if sd > 0 else np.zeros(resamples)
    quantiles, method = (float(t[k - 1]), float(t[-k])), "bootstrap-t"
    if not all(map(math.isfinite, quantiles)):
        reach = t_quantile(0.5 + level / 2, df)
        quantiles, method = (-reach, reach), "t"
    below, above = quantiles[1] * se, -quantiles[0] * se
    if x.ndim == 2:
        ms = mean_squares(x)
        seeds = max(ms.seed - ms.interaction, 0.0) / x.size
        half = t_quantile(0.5 + level / 2, ms.seeds - 1.0) * math.sqrt(seeds)
        below, above = math.hypot(below, half), math.hypot(above, half)
        se, df = math.hypot(se, math.sqrt(seeds)), satterthwaite([(se**2, df), (seeds, ms.seeds - 1.0)])
        method = f"crossed {method}"
    if scale is None:
        return Interval(mean, mean - below, mean + above, se, sd, n, method, df)
    low, high = mean * math.exp(-below / scale), mean * math.exp(min(above / scale, _BEYOND))
    return Interval(mean, low, high, se, sd, n, method, df)


@lru_cache(maxsize=16)  # a board asks for the same draws row after row
def _drawn(seed: int, first: int, count: int, n: int) -> npt.NDArray[np.int32]:
    """Episodes of some resamples, int32 [count, n] below n."""
    return philox.below(philox.words(("bootstrap-t", seed), first, count, n), n).astype(np.int32)


def _studentised(x: FloatArray, mean: float, of_log: bool, resamples: int, seed: int) -> FloatArray:
    """t_b of every resample, float64 [resamples]; ±infinity where a resample has no spread."""
    n = x.size
    centred = x - mean
    smallest = 1e-12 * float(centred @ centred)  # below it a resample's spread is rounding error
    t = np.empty(resamples)
    rows = max(1, _BLOCK // n)
    for first in range(0, resamples, rows):
        count = min(rows, resamples - first)
        draws = centred[_drawn(seed, first, count, n)]
        shift = draws.mean(axis=1)
        squares = np.einsum("bi,bi->b", draws, draws) - n * shift**2
        spread = squares > smallest
        se = np.sqrt(np.where(spread, squares, 1.0) / (n - 1) / n)
        distance = np.log1p(np.where(spread, shift, 0.0) / mean) * (mean + shift) if of_log else shift
        t[first : first + count] = np.where(spread, distance / se, np.copysign(np.inf, shift))
    return t
