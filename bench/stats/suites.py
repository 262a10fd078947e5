"""One number over several suites."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bench.errors import UsageError
from bench.stats._checks import vector
from bench.stats._student import satterthwaite
from bench.stats.intervals import Interval, mean_and_sd, student_interval


def mean_across_suites(results: Sequence[Interval], level: float = 0.95) -> Interval:
    """Equal-weight mean of suite means, over these suites: it claims nothing about a suite not among them.

    se = sqrt(sum SE^2) / T (the delta method for a mean of independent estimates), Satterthwaite's degrees of freedom.
    Every suite must be there: a mean over the suites somebody happened to run is not comparable with another one. The
    suites must share the metric and its unit; percents and nats have no mean.

    Parameters
    ----------
    results : one interval a suite (closed, open or crossed, all of one kind), T >= 1
    level : confidence in (0, 1) of the result

    Returns
    -------
    Interval with sd over the suite means (0 for one suite) and n = T.

    Raises
    ------
    UsageError : no suite, or a mean or standard error that is not finite (a missing suite).

    References
    ----------
    Oehlert 1992, The American Statistician 46(1), "A note on the delta method".

    Examples
    --------
    >>> from bench.stats import t_interval
    >>> both = mean_across_suites([t_interval([0.6, 0.8, 0.4, 0.8]), t_interval([0.9, 0.7, 0.9, 0.9])])
    >>> f"{both.mean:.3f} [{both.low:.3f}, {both.high:.3f}] over {both.n} suites"
    '0.750 [0.607, 0.893] over 2 suites'
    """
    if not results:
        raise UsageError("Expected the results of at least one suite; found none.")
    means = vector([r.mean for r in results], "suite means", at_least=1)
    errors = vector([r.se for r in results], "standard errors of the suites", at_least=1)
    _, sd = mean_and_sd(means) if means.size > 1 else (0.0, 0.0)
    df = satterthwaite([(r.se**2, r.df) for r in results])
    se = math.sqrt(float(np.sum(errors**2))) / means.size
    return student_interval(float(means.mean()), se, sd, means.size, df, level, "across-suites")
