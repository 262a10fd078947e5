"""What a row's own numbers say against themselves: few episodes that carry a mean, scores at the end of their range,
an interval from few seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.ranking import Matrix
from bench.boards.board.rows import ErrorSummary, MetricSpec
from bench.stats import SMALLEST_ERROR, Interval

FEW_DF = 10.0  # degrees of freedom below which a reader should see them: t(10) is 2.23, t(2) is 4.30


def cautions(score: Interval, errors: Mapping[str, ErrorSummary], scores: Matrix, metric: MetricSpec) -> Iterator[str]:
    """Cautions about a row. scores : float64 [seeds, episodes] of the ranked metric, as they are in the records."""
    top = errors[metric.name].top if metric.name in errors else None
    if top and top.heavy:
        yield f"{top.count:,} of {top.episodes:,} episodes carry {top.share:.0%} of the mean"
    if metric.skewed and (perfect := int((scores < SMALLEST_ERROR).any(axis=0).sum())):
        yield f"{perfect:,} episodes below {SMALLEST_ERROR:g} count as that"
    if ceiling := ceiling_passed(score.mean, metric):
        yield f"above {ceiling}: interval may be too narrow"
    if df := few_df(score):
        yield df


def few_df(interval: Interval, before: str = "") -> str:
    """`df 2.3` where the degrees of freedom are few, else nothing."""
    return f"{before}df {interval.df:.1f}" if interval.df < FEW_DF else ""


def ceiling_passed(mean: float, metric: MetricSpec) -> str:
    """The ceiling of the metric's unit, `99.5 %`, where so little is left to get wrong that intervals may be too
    narrow; else nothing."""
    unit = unit_facts(metric.unit)
    return f"{unit.scale * unit.ceiling:g} {unit.sign}" if metric.higher_is_better and mean > unit.ceiling else ""
