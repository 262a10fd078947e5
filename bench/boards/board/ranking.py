"""From per-episode scores of several seeds to what a row shows: its interval, its distance to the reference and to the
bound, its rank within a section.

Errors are ranked and compared on logarithms, and episodes that resemble their neighbours by the means of their blocks:
units, which are single episodes elsewhere. `compared_values` goes there and `shown` comes back; everything between
treats all metrics and suites alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from bench.boards.board.domain_facts import references
from bench.boards.board.rows import ALGORITHM_SEEDS, SECTIONS, ErrorSummary, MetricSpec, Row
from bench.errors import UsageError
from bench.stats import (
    Difference,
    Interval,
    Rank,
    block_means,
    bootstrap_t_interval,
    compare_all,
    crossed_difference,
    crossed_interval,
    from_logs,
    log_errors,
    open_interval,
    rank_intervals,
    t_interval,
    top_share,
)

Matrix = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]
Scores = Mapping[tuple[str, ...], Matrix]  # a row's keys -> `compared_values` of the ranked metric, [seeds, units]

SomeInterval = TypeVar("SomeInterval", bound=Interval)

SMALL_POOL = 200  # classes; in a larger pool the two kinds of interval agree, and their difference is noise
MATERIAL = 1.1  # an open interval at least this many times as wide as the closed one is worth a column


def compared_values(scores: Matrix, metric: MetricSpec) -> Matrix:
    """What a metric is ranked and compared by: its scores, of an error their logarithms, averaged over each unit.

    scores : float64 [seeds, episodes]; returns [seeds, units]
    """
    return block_means(log_errors(scores) if metric.skewed else scores, metric.per_unit)


def shown(interval: SomeInterval, metric: MetricSpec) -> SomeInterval:
    """An interval of `compared_values` as a page shows it: of an error the geometric mean, or a ratio of two."""
    counted = of_episodes(interval, metric.per_unit)
    return from_logs(counted) if metric.skewed else counted


def of_episodes(interval: SomeInterval, per_unit: int) -> SomeInterval:
    """An interval over units with episodes in its n, and in its sd what one of them adds: se is still sd / sqrt(n).

    df goes on counting units.
    """
    return replace(interval, n=per_unit * interval.n, sd=math.sqrt(per_unit) * interval.sd)


def comparable(scores: Matrix) -> Matrix:
    """Scores as the statistics take them: [seeds, units] where the seeds speak of the algorithm, else [units].

    scores : float64 [seeds, units]; fewer than `ALGORITHM_SEEDS` are averaged and speak of these checkpoints only
    """
    return scores if len(scores) >= ALGORITHM_SEEDS else scores.mean(axis=0)


def row_interval(values: Matrix, metric: MetricSpec) -> Interval:
    """The score of a row. With `ALGORITHM_SEEDS` or more its interval is over other trainings and other episodes of
    this pool; with fewer it is over other episodes for these very checkpoints (see `covers`).

    values : `compared_values` [seeds, units], all seeds on the same episodes
    """
    found = comparable(values)
    return shown(crossed_interval(found) if found.ndim == 2 else t_interval(found), metric)


def covers(seeds: int, trains: bool) -> str:
    """What the interval of a row with so many seeds covers; with nothing to train there is no word on seeds."""
    if not trains:
        return "closed"
    if seeds >= ALGORITHM_SEEDS:
        return "closed, new seeds"
    return "closed, one checkpoint" if seeds == 1 else "closed, these seeds"


def plain_mean(scores: Matrix, metric: MetricSpec) -> Interval:
    """The mean of the scores themselves; scores : float64 [seeds, episodes]. No interval of an error reaches 0."""
    units = block_means(scores, metric.per_unit)
    if metric.skewed:
        return of_episodes(bootstrap_t_interval(comparable(units), positive=True), metric.per_unit)
    return row_interval(units, metric)


def error_summary(scores: Matrix, metric: MetricSpec) -> ErrorSummary:
    """Of an error's scores, float64 [seeds, episodes]."""
    geometric = row_interval(compared_values(scores, metric), metric)
    return ErrorSummary(geometric, float(np.median(scores)), top_share(comparable(scores)))


def new_classes_interval(
    values: Matrix, metric: MetricSpec, classes: Classes | None, group: int, closed: Interval
) -> Interval | None:
    """The open interval of a row where it says something else than the closed one, else None.

    None for large pools, for tasks without classes, and where it is less than `MATERIAL` times as wide as `closed`.

    Parameters
    ----------
    values : `compared_values` [seeds, episodes]
    classes : int64 [episodes, way], class ids of the test pool
    group : this many consecutive class ids are one class seen in several ways (the quarter turns of a character)
    """
    clusters = small_pool(classes, group)
    if classes is None or clusters is None:
        return None
    try:
        found = shown(open_interval(comparable(values), classes, clusters), metric)
    except UsageError:  # so few classes that one of them is in every episode
        return None
    return found if found.high - found.low >= MATERIAL * (closed.high - closed.low) else None


def small_pool(classes: Classes | None, group: int) -> Classes | None:
    """The cluster of every class id, int64 [classes], where so few were seen that new ones would matter; else None."""
    if classes is None or np.unique(classes // group).size > SMALL_POOL:
        return None
    return np.arange(int(classes.max()) + 1, dtype=np.int64) // group


def difference(a: Matrix, b: Matrix) -> Difference:
    """a - b of `compared_values` on common episodes, [seeds, units] each: over trainings where seeds are enough."""
    return crossed_difference(comparable(a), comparable(b))


def gap_interval(scores: Matrix, bound: Matrix, higher_is_better: bool) -> Difference:
    """How far a row stays behind a bound, paired by unit; [seeds, units] each, positive where the bound holds."""
    return difference(bound, scores) if higher_is_better else difference(scores, bound)


def find_reference(rows: Sequence[Row], kind: str) -> Row | None:
    """The row of the kind's first reference that is there, as it comes: default options, inductive, newest source.

    It is known by where its code comes from: another learner of that name does not take its place.
    """
    named = references(kind)
    plain = (
        row for row in rows if row.learner in named and not row.overrides and not row.superseded and not row.weights
    )
    return min(plain, key=lambda row: (named.index(row.learner), SECTIONS.index(row.section), row.keys), default=None)


def find_bound(rows: Sequence[Row], metric: MetricSpec) -> Row | None:
    """The best oracle: gaps are measured to it."""
    pick = max if metric.higher_is_better else min
    return pick((row for row in rows if row.privileged), key=lambda row: row.score.mean, default=None)


@dataclass(frozen=True)
class Distances:
    """A row's paired distances to the reference and to the bound of its board, as pages show them (see `Row`)."""

    delta: Difference | None
    gap: Difference | None


def distances(row: Row, scores: Scores, metric: MetricSpec, reference: Row | None, bound: Row | None) -> Distances:
    """None to itself, for a bound, and where there is nothing to measure to."""
    own = scores[row.keys]
    delta = gap = None
    if reference is not None and reference is not row:
        delta = shown(difference(own, scores[reference.keys]), metric)
    if bound is not None and not row.privileged:
        gap = shown(gap_interval(own, scores[bound.keys], metric.higher_is_better), metric)
    return Distances(delta, gap)


def ranks(rows: Sequence[Row], scores: Scores, metric: MetricSpec) -> dict[tuple[str, ...], Rank]:
    """Ranks of one section's rows by their keys: all pairs, Holm-corrected. A row alone has no rank."""
    competing = {",".join(row.keys): row for row in rows if row.ranked}
    if len(competing) < 2:
        return {}
    pairs = compare_all({name: comparable(scores[row.keys]) for name, row in competing.items()})
    found = rank_intervals(pairs, higher_is_better=metric.higher_is_better)
    return {row.keys: found[name] for name, row in competing.items()}
