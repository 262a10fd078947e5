"""Panels that every run has: validation during training, and the distribution of scores over the test episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import EngFormatter, PercentFormatter

from bench.domains import find_domain
from bench.plots.chosen import Chosen
from bench.plots.style import INK, line, written
from bench.records import RunStore
from bench.records.schema import Metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def trained(runs: Sequence[Chosen]) -> bool:
    """Is there a training curve among the runs?"""
    return any(RunStore(run.path).read_curve(run.path) is not None for run in runs)


def draw_training(axes: Axes, runs: Sequence[Chosen]) -> None:
    """The validation metric at each check; the dot is the checkpoint that was scored."""
    metric = runs[0].record.metrics[0]
    for number, run in enumerate(runs):
        curve = RunStore(run.path).read_curve(run.path)
        if curve is None:
            continue
        values = curve["validation"].to_numpy() * _factor(metric)
        axes.plot(curve["step"], values, label=run.label, **line(number))
        if run.record.validation:
            chosen = curve["step"].to_numpy() == run.record.validation.step
            axes.plot(curve["step"][chosen], values[chosen], "o", markersize=5, color=line(number)["color"])
    if metric.unit.startswith("squared"):
        axes.set_yscale("log")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set(title="Training", xlabel="step", ylabel=f"validation {_name(metric, between=chr(10))}")


def draw_scores(axes: Axes, runs: Sequence[Chosen]) -> None:
    """The share of test episodes that score at most x; the tick on each line is the mean."""
    metric = runs[0].record.metrics[0]
    ends = []
    for number, run in enumerate(runs):
        scores = np.sort(RunStore(run.path).read_scores(run.path, run.record)["score"].to_numpy()) * _factor(metric)
        mean = float(scores.mean())
        axes.ecdf(scores, label=f"{run.label}: mean {_number(mean, metric)}", **line(number))
        axes.plot(mean, np.searchsorted(scores, mean, side="right") / len(scores), "|", markersize=9, color=INK)
        ends.append(np.quantile(scores, [0.005, 0.995]))
    low, high = np.min(ends, 0)[0], np.max(ends, 0)[1]  # a single stray episode must not squeeze all others
    if metric.unit.startswith("squared") and low > 0:
        axes.set_xscale("log")
    if high > low:
        axes.set_xlim(low, high)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    episodes = "/".join(f"{n:,}" for n in sorted({run.record.episodes for run in runs}))
    noun = find_domain(runs[0].record.suite.kind).noun
    axes.set(title=f"Scores of {episodes} test {noun}", xlabel=_name(metric), ylabel=f"{noun} up to this score")


def _factor(metric: Metric) -> float:
    return 100.0 if metric.unit == "fraction" else 1.0


def _name(metric: Metric, between: str = " ") -> str:
    return f"{metric.name}{between}({'%' if metric.unit == 'fraction' else metric.unit})"


def _number(mean: float, metric: Metric) -> str:
    return f"{mean:.1f} %" if metric.unit == "fraction" else written(mean)
