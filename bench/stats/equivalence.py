"""Are two means the same for all practical purposes? Two one-sided tests, read from intervals of the difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bench.stats._checks import positive, probability
from bench.stats._student import t_quantile
from bench.stats.intervals import Interval

EQUIVALENCE_LEVEL, DIFFERENCE_LEVEL = 0.90, 0.95  # two one-sided tests at 5 % each; one two-sided test at 5 %
_OWN_LEVEL = 0.95  # of the intervals that come in


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
