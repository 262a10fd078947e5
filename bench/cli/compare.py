"""`bench compare` and `bench plan`: which learner is better, and what it takes to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import complete
from bench.cli.arguments import Json, Published, RunsDirs, console, print_json, roots_asked
from bench.errors import UsageError
from bench.ranges import parse_seeds

if TYPE_CHECKING:
    from rich.console import Console

    from bench.boards import Table

Metric = Annotated[
    str | None, typer.Option("--metric", "-m", help="A metric of the records [default: the ranked one].")
]


def compare_command(
    learners: Annotated[
        list[str],
        typer.Argument(
            autocompletion=complete.algos, help="Two or more: protonet, maml:norm=batch, my.py:Mine, or a run's key."
        ),
    ],
    suite: Annotated[
        str,
        typer.Option("--suite", "-s", autocompletion=complete.suites, help="The suite whose episodes they answered."),
    ],
    metric: Metric = None,
    seeds: Annotated[str | None, typer.Option("--seeds", help="Only these, such as 0-2 [default: all].")] = None,
    runs: RunsDirs = None,
    published: Published = False,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the differences as CSV.")] = False,
) -> None:
    """Compare learners on the episodes they have in common: differences, corrected p-values, rank intervals."""
    from bench.boards.compare.comparison import compare
    from bench.boards.render.comparison import comparison_json, comparison_rows, comparison_tables

    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other.", "Choose one.")
    report = compare(roots_asked(runs, published), suite, learners, metric, parse_seeds(seeds) if seeds else None)
    if as_json:
        print_json(comparison_json(report))
    elif as_csv:
        import pandas as pd

        typer.echo(pd.DataFrame(comparison_rows(report)).to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        out = console()
        for warning in report.warnings:
            out.print(f"! {warning}", style="yellow", markup=False, highlight=False)
        _print(out, comparison_tables(report))
        out.print(report.advice, markup=False, highlight=False)


def plan_command(
    delta: Annotated[
        float,
        typer.Option(
            "--delta",
            help="What to find: points for accuracies, a ratio such as 1.1 for errors, else the metric's unit.",
        ),
    ],
    learners: Annotated[
        list[str] | None, typer.Argument(autocompletion=complete.algos, help="Two learners with runs to learn from.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", "-s", autocompletion=complete.suites, help="The suite of those runs.")
    ] = None,
    power: Annotated[float, typer.Option("--power", help="Probability of finding it.")] = 0.8,
    level: Annotated[float, typer.Option("--level", help="Confidence of the interval that shall exclude 0.")] = 0.95,
    metric: Metric = None,
    runs: RunsDirs = None,
    published: Published = False,
    as_json: Json = False,
) -> None:
    """Say how many episodes and seeds a difference needs, before the runs are made."""
    from bench.boards.compare.planning import plan_from_runs, plan_from_sds
    from bench.boards.render.comparison import plan_json, plan_tables

    if bool(learners) != bool(suite):
        raise UsageError("Expected learners and a suite together, or neither.", "bench plan A B --suite S --delta 0.5")
    if learners and suite:
        found = plan_from_runs(roots_asked(runs, published), suite, learners, delta, power, level, metric)
    else:
        found = plan_from_sds(delta, power, level)
    if as_json:
        print_json(plan_json(found))
        return
    out = console()
    _print(out, plan_tables(found))
    out.print(found.note, markup=False, highlight=False)


def _print(out: Console, tables: Sequence[Table]) -> None:
    from bench.cli.tables import print_fitted

    for table in tables:
        print_fitted(out, table)
        out.print("")
