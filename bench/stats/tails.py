"""Does a mean rest on few episodes?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.stats._checks import vector_or_seed_matrix

FEW = 0.01  # of the episodes; at least one
HEAVY = 0.25  # of the mean: then its interval is not to be trusted (docs/statistics.md)


@dataclass(frozen=True)
class TopShare:
    """What the largest scores of a learner carry of its mean.

    count : episodes, one in a hundred of `episodes`
    share : of the mean over all episodes, in [0, 1]
    """

    count: int
    episodes: int
    share: float

    @property
    def heavy(self) -> bool:
        """Do so few episodes carry so much that the mean of other episodes may be quite another one?"""
        return self.share >= HEAVY


def top_share(errors: npt.ArrayLike) -> TopShare:
    """The share of the mean that the largest hundredth of the episodes carry, averaged over seeds episode by episode.

    A lognormal error with sigma 1.25 gives .14, one with sigma 2 .35; a Pareto tail of index a gives 100^(1/a - 1):
    .10 for 2, .35 for 1.3, and much of everything where the mean does not exist (a <= 1).

    Parameters
    ----------
    errors : float [episodes], or float [seeds, episodes]; none negative

    Raises
    ------
    UsageError : not finite, fewer than 2 episodes.

    Examples
    --------
    >>> found = top_share([1.0] * 99 + [33.0])
    >>> found.count, found.share, found.heavy
    (1, 0.25, True)
    """
    x = vector_or_seed_matrix(errors, "errors")
    by_episode = np.sort(x if x.ndim == 1 else x.mean(axis=0))[::-1]
    count = max(1, round(FEW * by_episode.size))
    total = float(by_episode.sum())
    return TopShare(count, by_episode.size, float(by_episode[:count].sum()) / total if total > 0 else 0.0)
