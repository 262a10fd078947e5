"""`bench publish`: a run or a suite as a folder for a hub, and there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import RunsDirs, TasksFile
from bench.errors import UsageError

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def publish_command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|SUITE",
            autocompletion=complete.runs,
            help="A finished run with weights (key, first letters, directory, bundle), or the name of a suite.",
        ),
    ],
    to: Annotated[Literal["hf"], typer.Option("--to", help="Where: hf, the Hugging Face hub.")] = "hf",
    write: Annotated[Path | None, typer.Option("--write", help="The folder to write [default: publish/NAME].")] = None,
    repository: Annotated[
        str | None, typer.Option("--repo", metavar="OWNER/NAME", help="Upload it there, to a repository that exists.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --repo: write its links, upload nothing.")] = False,
    licence: Annotated[
        str | None,
        typer.Option("--license", help="Of the weights or files, as the hub names it: mit, cc-by-4.0."),
    ] = None,
    tasks: TasksFile = None,
    runs: RunsDirs = None,
) -> None:
    """Write a card for a run with its weights, or for a suite's frozen episodes, check it, and with --repo upload it.

    Without --repo nothing leaves this machine. No image is ever part of it.
    """
    if repository is not None and not _REPOSITORY.fullmatch(repository):
        raise UsageError(f"{repository!r} names no repository of the hub.", "Write --repo OWNER/NAME.")
    from bench.publishing import files_of, upload, write_suite
    from bench.tasks.registry import all_suites

    suites = all_suites(tasks)
    kind: Literal["model", "dataset"] = "dataset" if what in suites else "model"
    if what in suites:
        name, folder = what, write or Path("publish") / what
        write_suite(suites[what], folder, repository, licence)
        _say_croissant(folder)
    else:
        name, folder = _write_run(what, runs, write, repository, licence, tasks)
    files = files_of(folder)
    for path, file in files.items():
        typer.echo(f"{file.stat().st_size:>12,}  {folder / path}")
    if licence is None and kind == "model":
        typer.echo("The card states no licence for the weights: --license NAME does.")
    if repository is None or dry_run:
        again = f"bench publish {shlex.quote(what)} --to {to} --repo {repository or 'OWNER/NAME'}"
        typer.echo(f"Nothing was uploaded. These {len(files)} files go to a {kind} repository with: {again}")
        return
    upload(folder, repository, kind, f"{name}, by bench publish")
    typer.echo(f"uploaded {len(files)} files to the {kind} repository {repository}")


def _write_run(
    what: str,
    runs: list[Path] | None,
    write: Path | None,
    repository: str | None,
    licence: str | None,
    tasks: Path | None,
) -> tuple[str, Path]:
    """Its name and its folder."""
    from bench.publishing import write_model
    from bench.records import find_run

    try:
        store, path = find_run(what, runs or ())
    except UsageError as error:
        raise UsageError(f"{what!r} is no suite, and no run: {error.message}", error.fix) from None
    record = store.read(path)
    name = f"{record.algorithm.name}-{record.suite.name}-{record.key[:8]}"
    folder = write or Path("publish") / name
    write_model(path, folder, repository, licence, tasks)
    return name, folder


def _say_croissant(folder: Path) -> None:
    from bench.errors import Mismatch
    from bench.publishing import croissant_problems

    found = croissant_problems(folder)
    if found:
        raise Mismatch(f"{folder / 'croissant.json'}: {'; '.join(found)}", "This is a mistake of bench: report it.")
    said = "mlcroissant agrees" if found == [] else "not checked by mlcroissant: pip install 'meta-bench[hub]'"
    typer.echo(f"croissant.json: {said}", err=True)
