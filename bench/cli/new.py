"""`bench new`: a working learner to start from, with its recipe and its test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.templates import STARTS, TEST
from bench.errors import UsageError

_FOLDER = "recipes"


def new_command(
    name: Annotated[str, typer.Argument(help="Name of the learner, e.g. MyLearner.")],
    family: Annotated[
        Literal["metric", "optimization", "model", "exploration"],
        typer.Option(help="Its form: an embedding, inner steps, a network that reads the support set, a policy."),
    ] = "metric",
    directory: Annotated[Path, typer.Option("--dir", help="Where to write its files.")] = Path(),
) -> None:
    """Write a working learner to start from, a recipe and a test."""
    if not name.isidentifier():
        raise UsageError(f"Expected a Python class name, found {name!r}.", "Example: bench new MyLearner")
    title = name[0].upper() + name[1:]
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title).lower()
    start = STARTS[family]
    file, test = directory / f"{module}.py", directory / f"test_{module}.py"
    words = {
        "title": title,
        "module": module,
        "name": title.lower(),
        "file": file.as_posix(),
        "test": test.as_posix(),
        "suite": start.suite,
    }
    files = {file: start.learner, directory / _FOLDER / f"{title.lower()}.yaml": start.recipe, test: TEST}
    for path in files:
        if path.exists():
            raise UsageError(f"{path} exists already.", "Choose another name, or delete it first.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.substitute(words), encoding="utf-8")
        typer.echo(path)
    typer.echo(f"python -m pytest {test}")
    typer.echo(f"bench run --algo {file}:{title} --suite {start.suite} --budget short")
