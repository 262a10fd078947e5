"""Are two means the same for all practical purposes? Two one-sided tests, read from intervals of the difference."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from bench.stats._checks import positive, probability
from bench.stats._student import satterthwaite, t_quantile
from bench.stats.intervals import Interval, student_interval

EQUIVALENCE_LEVEL, DIFFERENCE_LEVEL = 0.90, 0.95  # two one-sided tests at 5 % each; one two-sided test at 5 %
_OWN_LEVEL = 0.95  # of the intervals that come in
_MOST_SEEDS, _MOST_EPISODES = 100, 10_000_000


@dataclass(frozen=True)
class Equivalence:
    """What is known of a difference of two means, in the unit of the scores.

    kind : "equivalent", "different" or "inconclusive"
    difference : a - b
    low, high : ends of the interval that decided: 95 % for "different", else 90 %
    margin : the largest difference that does not matter
    """

    kind: Literal["equivalent", "different", "inconclusive"]
    difference: float
    low: float
    high: float
    margin: float


def equivalence(a: Interval, b: Interval, margin: float) -> Equivalence:
    """Compare two means that come from independent data: equivalent, different, or neither shown.

    Equivalent: the 90 % interval of a - b lies within (-margin, margin), which is what two one-sided tests at 5 % say.
    Different: not equivalent, and the 95 % interval excludes 0. Inconclusive: neither. A difference that is surely
    there but surely smaller than the margin is equivalent.

    Parameters
    ----------
    a, b : means with their 95 % intervals, which need not be symmetric
    margin : the largest difference that does not matter, unit of the scores, above 0

    Raises
    ------
    UsageError : margin not above 0.

    References
    ----------
    Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15(6) (two one-sided tests); Lakens 2017, Social
    Psychological and Personality Science 8(4) (beside a test of no difference).

    Examples
    --------
    >>> ours = Interval(0.983, 0.981, 0.985, 0.001, 0.04, 2000, "t", 1999.0)
    >>> theirs = Interval(0.987, 0.983, 0.991, 0.002, 0.05, 600, "t")
    >>> equivalence(ours, theirs, margin=0.01).kind, equivalence(ours, theirs, margin=0.005).kind
    ('equivalent', 'inconclusive')
    """
    positive(margin, "margin")
    low, high = difference_ends(a, b, EQUIVALENCE_LEVEL)
    if -margin < low and high < margin:
        return Equivalence("equivalent", a.mean - b.mean, low, high, margin)
    wider_low, wider_high = difference_ends(a, b, DIFFERENCE_LEVEL)
    if wider_low > 0 or wider_high < 0:
        return Equivalence("different", a.mean - b.mean, wider_low, wider_high, margin)
    return Equivalence("inconclusive", a.mean - b.mean, low, high, margin)


@dataclass(frozen=True)
class Needed:
    """What of a's would end an inconclusive comparison if the difference stays what it is; neither: nothing would.

    seeds : with the episodes that there are; 101 stands for more than 100
    episodes : where they are too few for any number of seeds
    """

    seeds: int | None = None
    episodes: int | None = None


def needed_to_decide(a: Interval, b: Interval, margin: float, seeds: int | None) -> Needed:
    """How many seeds or episodes of `a` would make `equivalence(a, b, margin)` conclusive.

    The variance of `a` splits into that of episodes, sd² / n, and the rest, which falls with the number of seeds S and
    has S - 1 degrees of freedom. A forecast, no claim: the difference will not stay exactly what it is.

    Parameters
    ----------
    a, b, margin : as in `equivalence`
    seeds : that `a` is the mean of; None where there is nothing to train

    Examples
    --------
    >>> theirs = Interval(0.95, 0.946, 0.954, 0.002, 0.1, 2400, "t")
    >>> needed_to_decide(Interval(0.948, 0.92, 0.976, 0.007, 0.1, 2000, "crossed-t", 2.5), theirs, 0.01, seeds=3)
    Needed(seeds=11, episodes=None)
    """

    def decided(over_seeds: float, count: float, episodes: float) -> bool:
        terms = [(over_seeds / count, count - 1.0), (a.sd**2 / episodes, episodes - 1.0)]
        se, df = math.sqrt(sum(variance for variance, _ in terms)), satterthwaite(terms)
        supposed = student_interval(a.mean, se, a.sd, a.n, df, _OWN_LEVEL, "supposed")
        return equivalence(supposed, b, margin).kind != "inconclusive"

    if not decided(0.0, math.inf, math.inf):
        return Needed()
    if seeds is None or not decided(0.0, math.inf, a.n):
        counts = range(a.n + 1, _MOST_EPISODES)
        found = bisect_left(counts, True, key=lambda n: decided(0.0, math.inf, n))
        return Needed(episodes=counts[min(found, len(counts) - 1)])
    over_seeds = max(a.se**2 - a.sd**2 / a.n, 0.0) * seeds
    more = range(seeds + 1, _MOST_SEEDS + 1)
    return Needed(seeds=seeds + 1 + bisect_left(more, True, key=lambda s: decided(over_seeds, s, a.n)))


def difference_ends(a: Interval, b: Interval, level: float) -> tuple[float, float]:
    """Ends of an interval of a - b, independent, from the interval of each.

    With d = a - b: low = d - sqrt((a - low_a)^2 + (high_b - b)^2), high likewise. Ends at another level than 95 % are
    the given ones scaled by the ratio of Student's quantiles with each side's own degrees of freedom. For normal
    intervals that is the usual one; with few degrees of freedom it is never narrower than Welch's.

    References
    ----------
    Zou and Donner 2008, Statistics in Medicine 27(10) (recovering variances from the ends).

    Examples
    --------
    >>> a, b = (Interval(mean, mean - 0.196, mean + 0.196, 0.1, 1.0, 100, "t") for mean in (1.0, 0.5))
    >>> [f"{end:.3f}" for end in difference_ends(a, b, 0.95)]
    ['0.223', '0.777']
    """
    (below_a, above_a), (below_b, above_b) = _arms(a, level), _arms(b, level)
    difference = a.mean - b.mean
    return difference - math.hypot(below_a, above_b), difference + math.hypot(above_a, below_b)


def _arms(interval: Interval, level: float) -> tuple[float, float]:
    """How far the ends lie below and above the mean at another level."""
    wanted = t_quantile(0.5 + probability(level, "level") / 2, interval.df)
    scale = wanted / t_quantile(0.5 + _OWN_LEVEL / 2, interval.df)
    return scale * (interval.mean - interval.low), scale * (interval.high - interval.mean)
