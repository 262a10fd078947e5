"""How a board writes numbers. Percent: 2 decimals when the half-width is below 1 point, else 1; other units: 3."""

from __future__ import annotations

from collections.abc import Sequence

from bench.boards.rows import MetricSpec
from bench.stats import Interval, Rank

NONE = "—"


def score_text(interval: Interval, unit: str) -> str:
    """Mean and half-width, `98.27 ± 0.14` (fractions in percent); both ends where they are not symmetric.

    >>> score_text(Interval(0.98271, 0.98133, 0.98409, 0.0007, 0.03, 2000, "t"), "fraction")
    '98.27 ± 0.14'
    >>> score_text(Interval(0.223, 0.21, 0.25, 0.01, 0.4, 2000, "bootstrap-t"), "squared target unit")
    '0.223 [0.210, 0.250]'
    """
    scale, half, digits = _scale(interval, unit)
    if interval.method == "bootstrap-t":
        low, high = scale * interval.low, scale * interval.high
        return f"{scale * interval.mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
    return f"{scale * interval.mean:.{digits}f} ± {half:.{digits}f}"


def delta_text(difference: Interval, unit: str) -> str:
    """A difference with its sign, in percent points for fractions.

    >>> delta_text(Interval(-0.0123, -0.0143, -0.0103, 0.001, 0.04, 2000, "crossed-t"), "fraction")
    '-1.23 ± 0.20'
    """
    scale, half, digits = _scale(difference, unit)
    mean = f"{scale * difference.mean:+.{digits}f}"
    return f"{mean if float(mean) else mean[1:]} ± {half:.{digits}f}"


def rank_text(rank: Rank | None) -> str:
    """The place by the mean and those not ruled out.

    >>> rank_text(Rank(2, 1, 3)), rank_text(Rank(1, 1, 1))
    ('2 (1-3)', '1')
    """
    if rank is None:
        return NONE
    return str(rank.rank) if rank.best == rank.worst else f"{rank.rank} ({rank.best}-{rank.worst})"


def _scale(interval: Interval, unit: str) -> tuple[float, float, int]:
    """What to multiply with, the half-width after it, and the digits to show."""
    scale = 100.0 if unit == "fraction" else 1.0
    half = scale * (interval.high - interval.low) / 2
    return scale, half, (2 if half < 1.0 else 1) if unit == "fraction" else 3


def metric_header(metric: MetricSpec) -> str:
    """`accuracy, %` or `mse`, whose unit is too long for a column and stands above the table."""
    return f"{metric.name}, %" if metric.unit == "fraction" else metric.name


def unit_text(unit: str) -> str:
    """The unit in which a page shows a metric."""
    return "percent" if unit == "fraction" else unit


def seconds_text(seconds: float) -> str:
    """
    >>> seconds_text(45.2), seconds_text(312.4), seconds_text(5400)
    ('45 s', '5.2 min', '1.5 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def rate_text(per_second: float) -> str:
    """
    >>> rate_text(1234.5), rate_text(41.26), rate_text(0.5)
    ('1,234', '41.3', '0.50')
    """
    digits = 0 if per_second >= 100 else 1 if per_second >= 10 else 2
    return f"{per_second:,.{digits}f}"


def seeds_text(seeds: Sequence[int]) -> str:
    """
    >>> seeds_text([0, 1, 2]), seeds_text([0, 2, 3]), seeds_text([7])
    ('0-2', '0, 2-3', '7')
    """
    spans: list[list[int]] = []
    for seed in sorted(seeds):
        if spans and seed == spans[-1][-1] + 1:
            spans[-1].append(seed)
        else:
            spans.append([seed])
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
