"""Rich tables of the run command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from bench.records import Metric
    from bench.runs.request import Request
    from bench.runs.run import Outcome


def outcomes_table(outcomes: list[Outcome]) -> Table:
    table = Table("suite", "algo", "seed", "mode", "score (95 % closed CI)", "episodes", "train", "episodes/s")
    for outcome in outcomes:
        record = outcome.record
        score = format_metric(record.metrics[0]) if record.status == "ok" else record.status  # the log has the reason
        timing = record.timing
        table.add_row(
            record.suite.name,
            record.algorithm.name,
            "n/a" if record.seed is None else str(record.seed),
            "transductive" if record.protocol.transductive else "inductive",
            score,
            f"{record.episodes:,}",
            "-" if timing.train_s is None else f"{timing.train_s:.0f} s",
            "-" if timing.eval_episodes_per_s is None else f"{timing.eval_episodes_per_s:,.0f}",
        )
    return table


def requests_table(requests: list[Request]) -> Table:
    table = Table("suite", "algo", "seed", "recipe", "steps", "episodes a step", "test episodes")
    for request in requests:
        trains = request.trains
        table.add_row(
            request.suite.name,
            request.info.name,
            "n/a" if request.seed is None else str(request.seed),
            request.recipe_name if trains else "nothing to train",
            f"{request.recipe.steps:,}" if trains else "-",
            str(request.recipe.batch) if trains else "-",
            f"{request.episodes:,}",
        )
    return table


def format_metric(metric: Metric) -> str:
    """Accuracy in percent, everything else with three decimals.

    An interval that is not symmetric is written out.
    """
    low, high = metric.ci95
    if metric.unit == "fraction":
        return f"{100 * metric.mean:.2f} ± {50 * (high - low):.2f} %"
    if metric.ci_method == "t":
        return f"{metric.name} {metric.mean:.3f} ± {(high - low) / 2:.3f}"
    return f"{metric.name} {metric.mean:.3f} [{low:.3f}, {high:.3f}]"
