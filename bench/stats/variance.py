"""Where the uncertainty of an algorithm's mean comes from, and so what to add to narrow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy.typing as npt

from bench.stats._checks import seed_matrix
from bench.stats.classes import class_variance
from bench.stats.seeds import mean_squares


@dataclass(frozen=True)
class VarianceSplit:
    """What each source adds to the variance of the mean, in squared score units.

    seed, episode, interaction : components (variance of one seed's, episode's, cell's effect), none below 0
    class_pool : variance of the mean from having these test classes and not others; None where not asked
    """

    seed: float
    episode: float
    interaction: float
    class_pool: float | None
    seeds: int
    episodes: int

    @property
    def of_mean(self) -> dict[str, float]:
        """Variance of the mean by what would reduce it: more seeds, more episodes, more classes."""
        parts = {
            "seeds": self.seed / self.seeds + self.interaction / (self.seeds * self.episodes),
            "episodes": self.episode / self.episodes,
        }
        return parts if self.class_pool is None else {**parts, "classes": self.class_pool}

    @property
    def largest(self) -> str:
        """The source to attack first: "seeds", "episodes" or "classes"."""
        parts = self.of_mean
        return max(parts, key=lambda source: parts[source])


def variance_split(
    scores: npt.ArrayLike, classes: npt.ArrayLike | None = None, cluster_of: npt.ArrayLike | None = None
) -> VarianceSplit:
    """Where the uncertainty of an algorithm's mean comes from, and so what to add: seeds, episodes or classes.

    Components from the mean squares: seed (MS_s - MS_i) / E, episode (MS_e - MS_i) / S, interaction MS_i.

    Parameters
    ----------
    scores : float [S, E], every seed on the same episodes
    classes, cluster_of : as in `open_interval`; with them the class pool's part is estimated too

    Raises
    ------
    UsageError : as `crossed_interval` and `open_interval`.

    References
    ----------
    Searle, Casella and McCulloch 1992, "Variance Components", chapter 4 (analysis-of-variance estimators).

    Examples
    --------
    >>> split = variance_split([[0.6, 0.8, 0.4, 0.8], [0.7, 0.9, 0.5, 0.8], [0.5, 0.8, 0.4, 0.7]])
    >>> f"seed {split.seed:.5f}, episode {split.episode:.5f}, interaction {split.interaction:.5f}: {split.largest}"
    'seed 0.00361, episode 0.03167, interaction 0.00139: episodes'
    """
    x = seed_matrix(scores)
    ms = mean_squares(x)
    pool = None if classes is None else class_variance(x.mean(axis=0), classes, cluster_of)[0]
    return VarianceSplit(
        seed=max(ms.seed - ms.interaction, 0.0) / ms.episodes,
        episode=max(ms.episode - ms.interaction, 0.0) / ms.seeds,
        interaction=ms.interaction,
        class_pool=pool,
        seeds=ms.seeds,
        episodes=ms.episodes,
    )
