"""`bench publish`: a run or a suite as a folder for a hub, and there."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import RunsDirs, TasksFile
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.records import Record, RunStore

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def publish_command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|SUITE",
            autocompletion=complete.runs_and_suites,
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
    from bench.publishing import demand_login, files_of, upload, write_suite
    from bench.tasks.registry import all_suites

    sends = repository is not None and not dry_run
    if sends:
        demand_login()
    suites = all_suites(tasks)
    kind: Literal["model", "dataset"] = "dataset" if what in suites else "model"
    store, run = _run(what, runs) if kind == "model" else (None, None)
    name = what if store is None or run is None else _name(store.read(run))
    with tempfile.TemporaryDirectory(prefix="bench-publish-") as scratch:
        folder = write or Path(scratch if sends else "publish") / name
        if run is None:
            write_suite(suites[what], folder, repository, licence)
            _say_croissant(folder)
        else:
            from bench.publishing import write_model

            write_model(run, folder, repository, licence, tasks)
        files = files_of(folder)
        for path, file in files.items():
            typer.echo(f"{file.stat().st_size:>12,}  {path if folder.is_relative_to(scratch) else folder / path}")
        if licence is None and kind == "model":
            typer.echo("The card states no licence for the weights: --license NAME does.")
        if repository is not None and sends:
            upload(folder, repository, kind, f"{name}, by bench publish")
            typer.echo(f"uploaded {len(files)} files to the {kind} repository {repository}")
        else:
            again = f"bench publish {shlex.quote(what)} --to {to} --repo {repository or 'OWNER/NAME'}"
            typer.echo(f"Nothing was uploaded. These {len(files)} files go to a {kind} repository with: {again}")


def _run(what: str, runs: list[Path] | None) -> tuple[RunStore, Path]:
    from bench.records import find_run

    try:
        return find_run(what, runs or ())
    except UsageError as error:
        raise UsageError(f"{what!r} is no suite, and no run: {error.message}", error.fix) from None


def _name(record: Record) -> str:
    return f"{record.algorithm.name}-{record.suite.name}-{record.key[:8]}"


def _say_croissant(folder: Path) -> None:
    from bench.errors import Mismatch
    from bench.publishing import croissant_problems

    found = croissant_problems(folder)
    if found:
        raise Mismatch(f"{folder / 'croissant.json'}: {'; '.join(found)}", "This is a mistake of bench: report it.")
    said = "mlcroissant agrees" if found == [] else "not checked by mlcroissant: pip install 'meta-bench[hub]'"
    typer.echo(f"croissant.json: {said}", err=True)
