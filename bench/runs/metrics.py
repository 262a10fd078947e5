"""From per-episode scores to the metrics of a record. Free of torch, so that a record can be checked without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.records import Metric
from bench.stats import bootstrap_t_interval, t_interval
from bench.tasks.suites import Suite

if TYPE_CHECKING:
    import pandas as pd

_MAX_FLOORED = 0.05  # more non-finite episodes than this fail the run
_NOT_METRICS = {"episode", "score", "n_correct", "floored", "classes"}


def metrics(suite: Suite, scores: pd.DataFrame) -> list[Metric]:
    """Mean, spread and interval of the ranked metric and of every further column; the ranked one first."""
    floored = int(scores["floored"].sum())
    ranked = _metric(suite.metric, scores["score"], suite, floored)
    further = [c for c in scores.columns if c not in _NOT_METRICS]
    return [ranked, *(_metric(name, scores[name], suite, floored) for name in further)]


def _metric(name: str, values: pd.Series[float], suite: Suite, floored: int) -> Metric:
    array = values.to_numpy(dtype=float)
    facts = suite.domain.metric(name)
    interval = bootstrap_t_interval(array) if facts.skewed else t_interval(array)
    return Metric(
        name=name,
        unit=facts.unit,
        higher_is_better=facts.higher_is_better,
        mean=interval.mean,
        sd=interval.sd,
        se=interval.se,
        n=interval.n,
        ci95=(interval.low, interval.high),
        ci_method=interval.method,
        median=float(values.median()),
        floored=floored,
    )


def too_many_floored(scores: pd.DataFrame) -> str | None:
    """Why a run with so many non-finite predictions has failed, or None."""
    share = float(scores["floored"].mean())
    if share <= _MAX_FLOORED:
        return None
    return f"predictions were not finite in {share:.1%} of the episodes (at most {_MAX_FLOORED:.0%} may be)"
