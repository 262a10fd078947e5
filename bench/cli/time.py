"""`bench time`: the speed of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import complete
from bench.cli.arguments import DataDir, Device, TasksFile, console


def time_command(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", autocompletion=complete.runs, help="Finished runs: paths, or first letters of keys."
        ),
    ],
    root: Annotated[
        list[Path] | None, typer.Option("--runs", help="Where to look for keys [default: published records, ./runs].")
    ] = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(help="A learner that is not installed, path/file.py:Class. Repeatable."),
    ] = None,
    device: Device = "auto",
    tasks: TasksFile = None,
    data_dir: DataDir = None,
) -> None:
    """Measure how fast finished runs answer, one at a time and alone on the machine.

    Waits for runs that are being made here, and holds up new ones meanwhile. The timing goes into each record, with
    date and hardware; boards take speeds from there and nowhere else.
    """
    from rich.table import Table

    from bench.learners.registry import find_learner, load, register
    from bench.records import find_run
    from bench.runs.device import choose_device
    from bench.submissions.entry import read_entry
    from bench.submissions.replay import Site
    from bench.submissions.speed import measure_speed

    for info in map(find_learner, adapter or ()):
        register(info.name, load(info))
    site, said = Site(choose_device(device), data_dir, tasks), console(stderr=True)
    paths = [find_run(text, root or ())[1] for text in runs]
    table = Table("suite", "algo", "seed", "episodes/s", "one episode, ms", "p95", "alone")
    for path in paths:
        record = measure_speed(
            read_entry(path), site, lambda text: said.print(text, highlight=False, markup=False, soft_wrap=True)
        )
        timing = record.timing
        table.add_row(
            record.suite.name,
            record.algorithm.name,
            "n/a" if record.seed is None else str(record.seed),
            f"{timing.eval_episodes_per_s:,.0f}",
            f"{timing.adapt_ms_p50:.2f}",
            f"{timing.adapt_ms_p95:.2f}",
            "no: other work took part of the machine" if timing.contended else "yes",
        )
    console().print(table)
