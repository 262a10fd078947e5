"""`bench export`: a predictor that needs no bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.arguments import DataDir
from bench.cli.own_progress import progress
from bench.cli.try_ import Learner, Runs


def export_command(
    known: Annotated[Path, typer.Argument(metavar="KNOWN", help="A folder of class folders, as for bench try.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
    learner: Learner = None,
    runs: Runs = None,
    data_dir: DataDir = None,
) -> None:
    """Write a folder that labels images without bench.

    Network, head and a program of 60 lines: `python OUT/predict.py IMAGE...` needs torch, safetensors and Pillow.
    """
    from bench.own.export import export
    from bench.own.study import study

    with progress() as on_progress:
        found = study(known, (), learner, runs or (), data_dir, on_progress)
    for file in export(found, out):
        typer.echo(file)
