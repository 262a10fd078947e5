"""An algorithm, not a checkpoint: seeds crossed with common episodes.

All seeds answer the same episodes, so neither seeds x episodes values nor seed means are independent. The two-way
mean squares separate what a seed, an episode and their interaction add to the variance of the mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.stats._checks import FloatArray, seed_matrix
from bench.stats._student import satterthwaite
from bench.stats.intervals import Interval, mean_and_sd, student_interval


@dataclass(frozen=True)
class MeanSquares:
    """Two-way mean squares of a [seeds, episodes] matrix, in squared score units."""

    seed: float
    episode: float
    interaction: float
    seeds: int
    episodes: int


def crossed_interval(scores: npt.ArrayLike, level: float = 0.95) -> Interval:
    """Closed interval of an algorithm's mean over trainings and over episodes from this pool of classes.

    Var(mean) = (MS_seed + MS_episode - MS_interaction) / (S E) with Satterthwaite's degrees of freedom. Where a
    component comes out below 0 it is taken as 0: the variance never falls below that of seed means or of episode means
    alone, whichever of the two components remains.

    Parameters
    ----------
    scores : float [S seeds, E episodes], every seed on the same episodes in the same order
    level : confidence in (0, 1)

    Raises
    ------
    UsageError : fewer than 2 seeds or episodes, values that are not finite.

    References
    ----------
    Cornfield and Tukey 1956, Annals of Mathematical Statistics 27(4) (mean squares of crossed designs);
    Satterthwaite 1946, Biometrics Bulletin 2(6); Bouthillier et al. 2021, arXiv:2103.03098 (why seeds count).

    Examples
    --------
    >>> interval = crossed_interval([[0.6, 0.8, 0.4, 0.8], [0.7, 0.9, 0.5, 0.8], [0.5, 0.8, 0.4, 0.7]])
    >>> f"{interval.mean:.4f} [{interval.low:.4f}, {interval.high:.4f}], df {interval.df:.2f}"
    '0.6583 [0.3862, 0.9304], df 3.81'
    """
    x = seed_matrix(scores)
    ms = mean_squares(x)
    terms = _floored_terms(ms)
    variance = sum(value for value, _ in terms) / x.size
    mean, _ = mean_and_sd(x.ravel())
    _, sd = mean_and_sd(x.mean(axis=0))
    return student_interval(mean, math.sqrt(variance), sd, ms.episodes, satterthwaite(terms), level, "crossed-t")


def mean_squares(x: FloatArray) -> MeanSquares:
    """Mean squares of float64 [S, E] without replication; all exactly 0 for a constant matrix."""
    seeds, episodes = x.shape
    if x.min() == x.max():
        return MeanSquares(0.0, 0.0, 0.0, seeds, episodes)
    by_seed = x.mean(axis=1) - x.mean()
    by_episode = x.mean(axis=0) - x.mean()
    rest = x - x.mean() - by_seed[:, None] - by_episode[None, :]
    return MeanSquares(
        seed=float(episodes * (by_seed @ by_seed) / (seeds - 1)),
        episode=float(seeds * (by_episode @ by_episode) / (episodes - 1)),
        interaction=float(np.sum(rest**2) / ((seeds - 1) * (episodes - 1))),
        seeds=seeds,
        episodes=episodes,
    )


def _floored_terms(ms: MeanSquares) -> list[tuple[float, float]]:
    """The mean squares that make up S E Var(mean), with their degrees of freedom."""
    seed = (ms.seed, ms.seeds - 1.0)
    episode = (ms.episode, ms.episodes - 1.0)
    interaction = (ms.interaction, (ms.seeds - 1.0) * (ms.episodes - 1.0))
    if ms.seed > ms.interaction and ms.episode > ms.interaction:
        return [seed, episode, (-interaction[0], interaction[1])]
    if ms.seed > ms.interaction:
        return [seed]
    return [episode] if ms.episode > ms.interaction else [interaction]
