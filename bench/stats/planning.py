"""How many episodes and seeds a difference needs, asked before the runs are made.

The number is fixed before looking: to extend a run until the difference is significant is to stop where chance helps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.errors import UsageError
from bench.stats._checks import common_episodes, positive, probability, vector_or_seed_matrix
from bench.stats._student import satterthwaite, t_quantile
from bench.stats.seeds import mean_squares

PREFIXES = (600, 2000, 10_000)  # episodes a run may score: legacy, official, close ranking
_MOST_SEEDS = 100


@dataclass(frozen=True)
class PilotVariances:
    """Components of the variance of a difference, in squared score units.

    episode : of the difference's episode effects
    seed, interaction : summed over both learners; 0 for a learner with nothing to train
    """

    episode: float
    seed: float
    interaction: float


@dataclass(frozen=True)
class Plan:
    """Enough seeds a learner at this many episodes; None where no 100 seeds are enough."""

    episodes: int
    seeds: int | None


def episodes_needed(sd: float, delta: float, power: float = 0.8, level: float = 0.95) -> int:
    """Episodes for a paired comparison of two checkpoints to find a true difference.

    n = (z(1 - alpha/2) + z(power))^2 sd^2 / delta^2, rounded up: 7.85 sd^2 / delta^2 at 80 % power and level 95 %.
    The normal approximation: below 30 episodes add two.

    Parameters
    ----------
    sd : standard deviation of the differences per episode, from a pilot; unit of the score
    delta : the true difference to find, same unit
    power : probability in (0, 1) of finding it
    level : confidence in (0, 1) of the interval that shall exclude 0

    Raises
    ------
    UsageError : sd or delta not above 0; power or level outside (0, 1).

    References
    ----------
    Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2.

    Examples
    --------
    >>> [episodes_needed(sd=4.5, delta=delta) for delta in (2.0, 1.0, 0.5)]
    [40, 159, 636]
    """
    z = t_quantile(0.5 + probability(level, "level") / 2, math.inf) + t_quantile(probability(power, "power"), math.inf)
    return max(2, math.ceil((z * positive(sd, "sd") / positive(delta, "delta")) ** 2))


def pilot_variances(a: npt.ArrayLike, b: npt.ArrayLike) -> PilotVariances:
    """Variance components of A - B from pilot runs on common episodes.

    seed = sum_k (MS_seed,k - MS_interaction,k) / E, interaction = sum_k MS_interaction,k, episode = var(d_e) less the
    interaction in it; none below 0. Three seeds give only the order of magnitude of the seed component.

    Parameters
    ----------
    a, b : as in `crossed_difference`: float [S, E], or float [E] for a learner with nothing to train

    Raises
    ------
    UsageError : as `crossed_difference`.

    Examples
    --------
    >>> a = [[0.9, 0.7, 0.8, 0.6], [0.8, 0.7, 0.7, 0.5]]
    >>> found = pilot_variances(a, [0.5, 0.6, 0.3, 0.4])
    >>> f"episode {found.episode:.5f}, seed {found.seed:.5f}, interaction {found.interaction:.5f}"
    'episode 0.02667, seed 0.00250, interaction 0.00125'
    """
    x, y = vector_or_seed_matrix(a, "scores of A"), vector_or_seed_matrix(b, "scores of B")
    common_episodes(x, y)
    d = np.atleast_2d(x).mean(axis=0) - np.atleast_2d(y).mean(axis=0)
    squares = [mean_squares(matrix) for matrix in (x, y) if matrix.ndim == 2]
    episode = float(np.var(d, ddof=1)) - sum(ms.interaction / ms.seeds for ms in squares)
    return PilotVariances(
        episode=max(episode, 0.0),
        seed=sum(max(ms.seed - ms.interaction, 0.0) / ms.episodes for ms in squares),
        interaction=sum(ms.interaction for ms in squares),
    )


def plan(
    pilot: PilotVariances,
    delta: float,
    power: float = 0.8,
    level: float = 0.95,
    episodes: Sequence[int] = PREFIXES,
) -> list[Plan]:
    """The fewest seeds a learner, at each number of episodes, for `crossed_difference` to find a true difference.

    With S seeds each and E episodes, V = episode / E + seed / S + interaction / (S E); enough is the first S >= 2 with
    (t(df, 1 - alpha/2) + t(df, power)) sqrt(V) <= delta, df Satterthwaite's (2 (S - 1) for the seed part).
    One seed is never enough: then nobody can tell the algorithm from its luck. More episodes may ask for a seed more:
    the less they add to V, the fewer degrees of freedom remain.

    Parameters
    ----------
    pilot : from `pilot_variances`
    delta : the true difference to find, unit of the score
    episodes : the numbers of episodes that can be had, each >= 2

    Raises
    ------
    UsageError : delta not above 0; power, level or a number of episodes out of range.

    References
    ----------
    Bouthillier et al. 2021, arXiv:2103.03098 (which variance to buy down); achieved power: docs/statistics.md.

    Examples
    --------
    >>> pilot = PilotVariances(episode=20.0, seed=0.5, interaction=30.0)  # points squared
    >>> [(p.episodes, p.seeds) for p in plan(pilot, delta=1.0)]
    [(600, 7), (2000, 6), (10000, 6)]
    """
    positive(delta, "delta")
    probability(level, "level")
    probability(power, "power")
    if not episodes or min(episodes) < 2:
        raise UsageError(f"Expected numbers of episodes of at least 2; found {list(episodes)}.")
    return [Plan(count, _fewest_seeds(pilot, delta, power, level, count)) for count in episodes]


def _fewest_seeds(pilot: PilotVariances, delta: float, power: float, level: float, episodes: int) -> int | None:
    for seeds in range(2, _MOST_SEEDS + 1):
        terms = [
            (pilot.episode / episodes, episodes - 1.0),
            (pilot.seed / seeds, 2.0 * (seeds - 1)),
            (pilot.interaction / (seeds * episodes), 2.0 * (seeds - 1) * (episodes - 1)),
        ]
        df = satterthwaite(terms)
        reach = t_quantile(0.5 + level / 2, df) + t_quantile(power, df)
        if reach * math.sqrt(sum(value for value, _ in terms)) <= delta:
            return seeds
    return None
