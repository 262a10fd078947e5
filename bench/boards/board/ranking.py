"""From per-episode scores of several seeds to what a row shows: its interval, its distance to the reference and to the
bound, its rank within a section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bench.boards.board.domain_facts import kind_facts
from bench.boards.board.rows import ALGORITHM_SEEDS, SECTIONS, MetricSpec, Row
from bench.errors import UsageError
from bench.stats import (
    Difference,
    Interval,
    Rank,
    bootstrap_t_interval,
    compare_all,
    crossed_difference,
    crossed_interval,
    open_interval,
    rank_intervals,
    t_interval,
)

Matrix = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]
Scores = Mapping[tuple[str, ...], Matrix]  # a row's keys -> float64 [seeds, episodes] of the ranked metric

SMALL_POOL = 200  # classes; in a larger pool the two kinds of interval agree, and their difference is noise
MATERIAL = 1.1  # an open interval at least this many times as wide as the closed one is worth a column


def comparable(scores: Matrix) -> Matrix:
    """Scores as the statistics take them: [seeds, episodes] where the seeds speak of the algorithm, else [episodes].

    scores : float64 [seeds, episodes]; fewer than `ALGORITHM_SEEDS` are averaged and speak of these checkpoints only
    """
    return scores if len(scores) >= ALGORITHM_SEEDS else scores.mean(axis=0)


def row_interval(scores: Matrix, trains: bool, skewed: bool = False) -> tuple[Interval, str]:
    """The score of a row and what its interval covers.

    Parameters
    ----------
    scores : float64 [seeds, episodes], all seeds on the same episodes
    trains : False for a learner with nothing to train, whose interval needs no word on seeds
    skewed : the metric's records were written with bootstrap-t intervals (errors); so is that of a checkpoint here

    The mean is the mean of the seed means. With `ALGORITHM_SEEDS` or more the interval is over other trainings and
    other episodes of this pool; with fewer it is over other episodes for these very checkpoints.
    """
    values = comparable(scores)
    if values.ndim == 2:
        return crossed_interval(values), "closed, new seeds" if trains else "closed"
    label = "closed" if not trains else "closed, one checkpoint" if len(scores) == 1 else "closed, these seeds"
    return (bootstrap_t_interval(values) if skewed else t_interval(values)), label


def new_classes_interval(scores: Matrix, classes: Classes | None, group: int, closed: Interval) -> Interval | None:
    """The open interval of a row where it says something else than the closed one, else None.

    None for large pools, for tasks without classes, and where it is less than `MATERIAL` times as wide as `closed`.

    Parameters
    ----------
    scores : float64 [seeds, episodes]
    classes : int64 [episodes, way], class ids of the test pool
    group : this many consecutive class ids are one class seen in several ways (the quarter turns of a character)
    """
    clusters = small_pool(classes, group)
    if classes is None or clusters is None:
        return None
    try:
        found = open_interval(comparable(scores), classes, clusters)
    except UsageError:  # so few classes that one of them is in every episode
        return None
    return found if found.high - found.low >= MATERIAL * (closed.high - closed.low) else None


def small_pool(classes: Classes | None, group: int) -> Classes | None:
    """The cluster of every class id, int64 [classes], where so few were seen that new ones would matter; else None."""
    if classes is None or np.unique(classes // group).size > SMALL_POOL:
        return None
    return np.arange(int(classes.max()) + 1, dtype=np.int64) // group


def difference(a: Matrix, b: Matrix) -> Difference:
    """a - b on common episodes, [seeds, episodes] each: over trainings where there are enough seeds."""
    return crossed_difference(comparable(a), comparable(b))


def gap_interval(scores: Matrix, bound: Matrix, higher_is_better: bool) -> Interval:
    """How far a row stays behind a bound, paired by episode; [seeds, episodes] each, positive where the bound holds."""
    return difference(bound, scores) if higher_is_better else difference(scores, bound)


def find_reference(rows: Sequence[Row], kind: str) -> Row | None:
    """The row of the kind's first reference that is there, as it comes: default options, inductive, newest source.

    It is known by where its code comes from: another learner of that name does not take its place.
    """
    named = kind_facts(kind).references
    plain = (row for row in rows if row.learner in named and not row.overrides and not row.superseded)
    return min(plain, key=lambda row: (named.index(row.learner), SECTIONS.index(row.section), row.keys), default=None)


def find_bound(rows: Sequence[Row], metric: MetricSpec) -> Row | None:
    """The best oracle: gaps are measured to it."""
    pick = max if metric.higher_is_better else min
    return pick((row for row in rows if row.privileged), key=lambda row: row.score.mean, default=None)


def placed(row: Row, scores: Scores, metric: MetricSpec, reference: Row | None, bound: Row | None) -> Row:
    """The row with its paired distances to the reference and to the bound."""
    own = scores[row.keys]
    delta = None if reference is None or reference is row else difference(own, scores[reference.keys])
    gap = None if bound is None or row.privileged else gap_interval(own, scores[bound.keys], metric.higher_is_better)
    return replace(row, delta=delta, gap=gap)


def ranks(rows: Sequence[Row], scores: Scores, metric: MetricSpec) -> dict[tuple[str, ...], Rank]:
    """Ranks of one section's rows by their keys: all pairs, Holm-corrected. A row alone has no rank."""
    competing = {",".join(row.keys): row for row in rows if row.ranked}
    if len(competing) < 2:
        return {}
    pairs = compare_all({name: comparable(scores[row.keys]) for name, row in competing.items()})
    found = rank_intervals(pairs, higher_is_better=metric.higher_is_better)
    return {row.keys: found[name] for name, row in competing.items()}
