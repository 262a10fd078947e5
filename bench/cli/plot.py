"""`bench plot`: pictures of what runs learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import RunsDirs, TasksFile


def plot_command(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", autocompletion=complete.runs, help="Runs: directories, or first letters of keys."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File ending in .png or .svg [default: SUITE-ALGO.png].")
    ] = None,
    episode: Annotated[
        list[int] | None, typer.Option("--episode", "-e", help="A test episode of functions. Repeatable.")
    ] = None,
    view: Annotated[
        Literal["all", "learning", "answers"],
        typer.Option(help="Training and scores, what the learners do in test episodes, or both."),
    ] = "all",
    algo: Annotated[
        list[str] | None,
        typer.Option(help="path/file.py:Class of a run whose learner is not installed. Repeatable."),
    ] = None,
    runs: RunsDirs = None,
    tasks: TasksFile = None,
) -> None:
    """Draw what runs learned: training, scores, and their answers to test episodes, side by side.

    Learners are built again from their checkpoints. The last line is the file of the picture.
    """
    from bench.plots.chosen import choose
    from bench.plots.style import check_name, save, style

    chosen = choose(names, runs or ())
    algos = dict.fromkeys(run.record.algorithm.name for run in chosen)
    out = check_name(out or Path(f"{'-'.join([chosen[0].record.suite.name, *algos])}.png"))
    with style():
        from bench.plots.picture import picture

        save(picture(chosen, view, episode or (), algo or (), tasks, _warn), out)
    typer.echo(out)


def _warn(text: str) -> None:
    typer.secho(f"! {text}", fg="yellow", err=True)
