"""Claims about new classes: the interval that knows the test pool holds only so many classes.

More episodes from the same 20 classes say more about those 20 and nothing about the 21st. The delete-one-class
jackknife estimates what other classes would have changed.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bench.errors import UsageError
from bench.stats._checks import FloatArray, integers, vector_or_seed_matrix
from bench.stats._student import satterthwaite
from bench.stats.intervals import Interval, mean_and_sd, student_interval, t_interval
from bench.stats.seeds import crossed_interval


def open_interval(
    scores: npt.ArrayLike, classes: npt.ArrayLike, cluster_of: npt.ArrayLike | None = None, level: float = 0.95
) -> Interval:
    """Open interval: the mean over episodes from new classes of the same kind.

    theta_c is the mean over the episodes without class c, f_c the fraction of episodes with it, C the classes seen:

        v_jack = (C - 1) / C sum_c (theta_c - mean)^2        what leaving a class out changes
        v_mc   = (C - 1) / C sum_c SE^2 f_c / (1 - f_c)      of it, what leaving any so many episodes out changes
        v      = max(v_jack - v_mc, 0) + SE^2                half-width t(C - 1) sqrt(v)

    SE is that of the closed interval: `t_interval` for one checkpoint, `crossed_interval` for a matrix of seeds, where
    the degrees of freedom are Satterthwaite's for the two parts, at most C - 1. Works on paired differences as well.

    Parameters
    ----------
    scores : float [episodes], or float [seeds, episodes]
    classes : int [episodes, way], class numbers in each episode
    cluster_of : int [classes of the pool], the cluster of each class number, where classes come in groups: the four
        rotations of an Omniglot character are one cluster, left out together. None: every class is its own
    level : confidence in (0, 1)

    Raises
    ------
    UsageError : shapes that don't fit, values that are not finite, a class that is in every episode, one class only.

    References
    ----------
    Lafargue et al. 2024, arXiv:2409.02850 (closed and open intervals); Efron and Stein 1981, Annals of Statistics 9(3)
    (the jackknife variance). The Monte-Carlo correction is checked by simulation in docs/statistics.md.

    Examples
    --------
    >>> scores = [0.9, 0.8, 0.7, 0.5, 0.9, 0.6, 0.8, 0.4]
    >>> classes = [[0, 1], [0, 2], [1, 3], [4, 5], [0, 6], [3, 7], [2, 6], [5, 7]]
    >>> interval = open_interval(scores, classes)
    >>> f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
    '0.700 [0.384, 1.016]'
    """
    x = vector_or_seed_matrix(scores)
    closed = t_interval(x, level) if x.ndim == 1 else crossed_interval(x, level)
    episode_means = x if x.ndim == 1 else x.mean(axis=0)
    pool, groups = class_variance(episode_means, classes, cluster_of)
    df = min(satterthwaite([(pool, groups - 1.0), (closed.se**2, closed.df)]), groups - 1.0)
    se = math.sqrt(pool + closed.se**2)
    return student_interval(closed.mean, se, closed.sd, closed.n, df, level, "open-t")


def class_variance(
    episode_means: FloatArray, classes: npt.ArrayLike, cluster_of: npt.ArrayLike | None = None
) -> tuple[float, int]:
    """The class pool's part of the variance of the mean, max(v_jack - v_mc, 0), and the number of classes (clusters).

    episode_means : float64 [episodes]; classes, cluster_of : as in `open_interval`
    """
    group = _groups(classes, cluster_of, episode_means.size)
    n, groups = episode_means.size, int(group.max()) + 1
    # Two rotations of one character in an episode count once: the episode is left out once.
    present = np.unique(np.arange(n)[:, None] * groups + group)
    episode, member = present // groups, present % groups
    count = np.bincount(member, minlength=groups)
    if groups < 2 or count.max() == n:
        raise UsageError(
            f"Expected episodes without each class; found {groups} classes, one of them in all {n} episodes.",
            "An open interval needs more classes than the way; use t_interval for this pool.",
        )
    mean, sd = mean_and_sd(episode_means)
    deviation = episode_means - mean
    without = -np.bincount(member, weights=deviation[episode], minlength=groups) / (n - count)
    fraction = count / n
    jackknife = float(without @ without) * (groups - 1) / groups
    monte_carlo = sd**2 / n * float(np.sum(fraction / (1 - fraction))) * (groups - 1) / groups
    return max(jackknife - monte_carlo, 0.0), groups


def _groups(classes: npt.ArrayLike, cluster_of: npt.ArrayLike | None, n: int) -> npt.NDArray[np.intp]:
    """Cluster of each class in each episode, renumbered 0, 1, ... without gaps: [episodes, way]."""
    labels = integers(classes, "classes [episodes, way]", ndim=2)
    if labels.shape[0] != n:
        raise UsageError(f"Expected the classes of {n} episodes; found those of {labels.shape[0]}.")
    if cluster_of is not None:
        clusters = integers(cluster_of, "cluster_of [classes of the pool]", ndim=1)
        if labels.max() >= clusters.size:
            raise UsageError(f"Expected a cluster for class {labels.max()}; found {clusters.size} in cluster_of.")
        labels = clusters[labels]
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
