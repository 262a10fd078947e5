"""`bench new`: a working learner to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.templates import EXPLORATION, METRIC
from bench.errors import UsageError

_TEMPLATES = {"metric": (METRIC, "glyphs-5w1s"), "exploration": (EXPLORATION, "bandit-n10k5")}


def new_command(
    name: Annotated[str, typer.Argument(help="Name of the learner, e.g. MyLearner.")],
    family: Annotated[
        Literal["metric", "exploration"], typer.Option(help="What it starts from: one that answers, or one that acts.")
    ] = "metric",
    directory: Annotated[Path, typer.Option("--dir", help="Where to write its file.")] = Path(),
) -> None:
    """Write a working learner to start from."""
    if not name.isidentifier():
        raise UsageError(f"Expected a Python class name, found {name!r}.", "Example: bench new MyLearner")
    title = name[0].upper() + name[1:]
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title).lower()
    file = directory / f"{snake}.py"
    if file.exists():
        raise UsageError(f"{file} exists already.", "Choose another name, or delete it first.")
    directory.mkdir(parents=True, exist_ok=True)
    template, suite = _TEMPLATES[family]
    file.write_text(template.format(title=title, file=file.as_posix(), suite=suite), encoding="utf-8")
    typer.echo(f"{file}\nbench run --algo {file}:{title} --suite {suite} --budget short")
