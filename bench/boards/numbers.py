"""How a board writes numbers. Percent: 2 decimals when the half-width is below 1 point, else 1; other units: 3."""

from __future__ import annotations

from collections.abc import Sequence

from bench.boards.rows import MetricSpec
from bench.stats import Interval

NONE = "—"


def score_text(interval: Interval, unit: str) -> str:
    """Mean and half-width, `98.27 ± 0.14` (fractions in percent).

    >>> score_text(Interval(0.98271, 0.98133, 0.98409, 0.0007, 0.03, 2000, "t"), "fraction")
    '98.27 ± 0.14'
    """
    scale = 100.0 if unit == "fraction" else 1.0
    half = scale * (interval.high - interval.low) / 2
    digits = (2 if half < 1.0 else 1) if unit == "fraction" else 3
    return f"{scale * interval.mean:.{digits}f} ± {half:.{digits}f}"


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
