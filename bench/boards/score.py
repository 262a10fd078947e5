"""From per-episode scores of several seeds to the interval a row shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.stats import Interval, t_interval

Matrix = npt.NDArray[np.float64]


def row_interval(scores: Matrix, trains: bool) -> tuple[Interval, str]:
    """The score of a row and what its interval covers.

    Parameters
    ----------
    scores : float64 [seeds, episodes], all seeds on the same episodes
    trains : False for a learner with nothing to train, whose interval needs no word on seeds

    The mean is the mean of the seed means; the interval is Student's t over the seed-averaged score of each episode.
    It covers other episodes of this pool for these very checkpoints, not other seeds.
    """
    label = "closed" if not trains else "closed, one checkpoint" if len(scores) == 1 else "closed, these seeds"
    return t_interval(scores.mean(axis=0)), label


def gap_interval(scores: Matrix, bound: Matrix, higher_is_better: bool) -> Interval:
    """How far a row stays behind a bound, paired by episode; [seeds, episodes] each, positive where the bound holds."""
    behind = bound.mean(axis=0) - scores.mean(axis=0)
    return t_interval(behind if higher_is_better else -behind)
