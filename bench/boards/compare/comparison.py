"""Learners against each other on their common episodes: `bench compare`.

The numbers are those of `bench.stats`; this module decides which of them a comparison needs and what they allow one
to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.boards.board.ranking import (
    comparable,
    covers,
    error_summary,
    plain_mean,
    row_interval,
    shown,
    small_pool,
)
from bench.boards.board.rows import ErrorSummary, MetricSpec
from bench.boards.compare.compared import Compared, cautions, find_compared
from bench.boards.compare.planning import advice, on_new_classes
from bench.errors import UsageError
from bench.stats import (
    Comparison,
    Interval,
    Rank,
    compare_all,
    rank_intervals,
    variance_split,
)

ALPHA = 0.05


@dataclass(frozen=True)
class Placed:
    """One learner's score, what its interval covers, its rank among those compared.

    score : mean, of an error the geometric mean
    plain, errors : the mean, and what it does not say; of an error, else the score and None
    variance : variance of the mean (of an error's logarithms) by what would reduce it ("seeds", "episodes", "classes");
        None for checkpoints
    """

    compared: Compared
    score: Interval
    plain: Interval
    errors: ErrorSummary | None
    score_label: str
    rank: Rank
    variance: dict[str, float] | None


@dataclass(frozen=True)
class Pair:
    """One comparison, Holm-corrected over all pairs.

    comparison : of the scores, of an error of their logarithms
    ratio : a / b of the geometric means with its interval, for errors
    new_classes : interval of the difference (ratio) on episodes from new classes, where the pool is small and that is
        wider
    """

    comparison: Comparison
    ratio: Interval | None
    new_classes: Interval | None

    @property
    def told_apart(self) -> bool:
        return self.comparison.p_holm <= ALPHA


@dataclass(frozen=True)
class Report:
    """Everything `bench compare` says."""

    suite: str
    version: int
    metric: MetricSpec
    episodes: int
    placed: tuple[Placed, ...]
    pairs: tuple[Pair, ...]
    warnings: tuple[str, ...]
    advice: str


def compare(
    roots: Sequence[Path],
    suite: str,
    asked: Sequence[str],
    metric: str | None = None,
    seeds: Sequence[int] | None = None,
) -> Report:
    """Compare the rows that `asked` names (see `bench.boards.compare.selectors`) on one suite, best first.

    Parameters
    ----------
    roots : directories of records
    metric : one of the records' metrics; None is the ranked one
    seeds : use only these seeds of learners that train; None uses all

    Raises
    ------
    UsageError : fewer than two rows, unknown or ambiguous names, no common episodes, no such metric or seed.
    Mismatch : scores that are not those of their record.
    """
    if len(asked) < 2:
        raise UsageError(f"Expected at least two learners to compare; found {len(asked)}.", "bench compare A B")
    found, spec = find_compared(roots, suite, asked, metric, seeds)
    sign = -1.0 if spec.higher_is_better else 1.0
    found.sort(key=lambda compared: (sign * float(compared.scores.mean()), compared.name))
    comparisons = compare_all({compared.name: comparable(compared.scores) for compared in found})
    ranks = rank_intervals(comparisons, higher_is_better=spec.higher_is_better)
    by_name = {compared.name: compared for compared in found}
    pairs = [_pair(c, by_name[c.a], by_name[c.b], spec) for c in comparisons]
    first = found[0].record.suite
    return Report(
        suite=suite,
        version=first.version,
        metric=spec,
        episodes=found[0].episodes,
        placed=tuple(_placed(compared, ranks[compared.name], spec) for compared in found),
        pairs=tuple(pairs),
        warnings=tuple(cautions(found, spec, seeds)),
        advice=advice(comparisons, by_name, ALPHA),
    )


def _placed(compared: Compared, rank: Rank, metric: MetricSpec) -> Placed:
    score = row_interval(compared.scores, metric)
    plain = plain_mean(compared.measured, metric)
    errors = error_summary(compared.measured, metric) if metric.skewed else None
    label = covers(len(compared.records), compared.trains)
    return Placed(compared, score, plain, errors, label, rank, _variance(compared))


def _variance(compared: Compared) -> dict[str, float] | None:
    if comparable(compared.scores).ndim == 1:
        return None
    clusters = small_pool(compared.classes, compared.ids_per_class)
    classes = None if clusters is None else compared.classes
    return variance_split(compared.scores, classes, clusters).of_mean


def _pair(comparison: Comparison, a: Compared, b: Compared, metric: MetricSpec) -> Pair:
    closed, new_classes = comparison.difference, on_new_classes(a, b)
    if new_classes and new_classes.high - new_classes.low <= closed.high - closed.low:
        new_classes = None
    ratio = shown(closed, metric) if metric.skewed else None
    return Pair(comparison, ratio, shown(new_classes, metric) if new_classes else None)
