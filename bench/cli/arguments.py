"""Options that several commands share, and how ranges and lists are written."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench._version import __version__
from bench.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where images are kept [default: $BENCH_DATA or the user cache].")
]
TasksFile = Annotated[
    Path | None, typer.Option("--tasks", help="A suites file of your own, besides the standard suites.")
]
RecipeName = Annotated[
    str | None,
    typer.Option(help="paper or fast [default: fast, else paper, else option defaults], or a FILE.yaml of yours."),
]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="An option of the learner: key=value. Repeatable.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--train", help="A field of the recipe: steps=, batch=, lr=, way=, shot=, query=. Repeatable."),
]
Precision = Annotated[
    Literal["fp32", "tf32", "bf16"] | None, typer.Option(help="Arithmetic [default: the recipe's, fp32].")
]
Strategy = Annotated[
    Literal["loop", "vmap", "compiled"] | None,
    typer.Option(help="How per-task work is spread [default: the recipe's]."),
]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to compute.")]
Traceback = Annotated[
    bool, typer.Option("--traceback", help="Where a learner's code failed: all frames, not its author's alone.")
]
RunsDir = Annotated[Path, typer.Option("--runs", help="Directory of records.")]
RunsDirs = Annotated[
    list[Path] | None, typer.Option("--runs", help="Directories of records [default: published and ./runs].")
]
Published = Annotated[bool, typer.Option("--published", help="Only the records that came with this bench.")]


def split_names(text: str) -> list[str]:
    """Names separated by commas, in the order given, each once; UsageError where there is none."""
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise UsageError(f"Expected names separated by commas, found {text!r}.", "`bench list` shows them.")
    return names


def roots_asked(runs: list[Path] | None, published: bool) -> Sequence[Path]:
    """Where a reading command finds its records; what --published stands for is said on stderr, in one line.

    Raises UsageError where both options are given.
    """
    from bench.records import RunStore, default_roots, published_records

    if not published:
        return runs or default_roots()
    if runs:
        raise UsageError("--published and --runs exclude each other.", "Give one of them.")
    root = published_records()
    if root is None:
        raise UsageError("No published records came with this bench.", "--runs DIR reads those of a folder.")
    count = sum(1 for _ in RunStore(root).run_keys())
    typer.echo(f"{count} published records of bench {__version__}: {root}", err=True)
    return (root,)


def console(stderr: bool = False) -> Console:
    """A rich console; 100 columns where the output is not a terminal, so that pipes get stable tables."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 100
    return Console(stderr=stderr, width=width)


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, default=str))
