"""`bench data`: where images are, and how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.arguments import DataDir, Json, console, print_json

if TYPE_CHECKING:
    from bench.data import DataCard, OnProgress

app = typer.Typer(help="See, fetch, import and verify the images of suites.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="omniglot, miniimagenet, cifarfs or glyphs.")]
Verifiable = Annotated[
    str, typer.Argument(help="omniglot, miniimagenet, cifarfs, glyphs, or imagefolder/... as `status` prints it.")
]


@app.command("status")
def status_command(data_dir: DataDir = None, as_json: Json = False) -> None:
    """What is prepared, what is missing, where it lies."""
    from dataclasses import asdict

    from bench.data import root, status

    found = status(data_dir)
    if as_json:
        print_json({"root": str(root(data_dir)), "datasets": [asdict(dataset) for dataset in found]})
        return
    from rich.table import Table

    table = Table(title=str(root(data_dir)), title_justify="left")
    table.add_column("data", overflow="fold")  # whole: `verify` takes what stands here
    for heading in ("state", "size", "about"):
        table.add_column(heading)
    for dataset in found:
        size = f"{dataset.bytes / 2**20:,.1f} MiB" if dataset.bytes else "-"
        table.add_row(dataset.name, dataset.state, size, dataset.detail)
    console().print(table)
    for dataset in found:
        if dataset.card:
            _print_remarks(dataset.name, dataset.card)


@app.command("fetch")
def fetch_command(name: Name, data_dir: DataDir = None) -> None:
    """Download a data set (resumable, checksummed) and prepare it."""
    from bench.data import fetch

    with ProgressBar() as report:
        card = fetch(name, data_dir, report)
    _print_card(card)


@app.command("import")
def import_command(
    name: Name,
    source: Annotated[Path, typer.Argument(help="A directory or archive that holds the images.")],
    data_dir: DataDir = None,
) -> None:
    """Prepare a data set from files you have."""
    from bench.data import import_source

    with ProgressBar() as report:
        card = import_source(name, source, data_dir, report)
    _print_card(card)


@app.command("verify")
def verify_command(name: Verifiable, data_dir: DataDir = None) -> None:
    """Recompute the hashes of prepared data; blank and repeated pictures and files passed over are listed."""
    from bench.data import verify

    card = verify(name, data_dir)
    _print_card(card)
    _print_remarks(card.name, card)


def _print_card(card: DataCard) -> None:
    typer.echo(f"{card.name}: {card.source}\ntransform {card.transform}\nfingerprint {card.fingerprint}")


def _print_remarks(name: str, card: DataCard) -> None:
    from bench.data import sentence

    if card.remarks is None:
        typer.echo(f"{name}: not looked at for blank or repeated pictures; `bench data verify {name}` does it")
    for found in card.remarks or ():
        typer.echo(f"{name}: {sentence(found, own=card.name == 'imagefolder')}")


class ProgressBar:
    """A rich bar per stage on a terminal, one line per stage elsewhere; on stderr."""

    def __enter__(self) -> OnProgress:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        from bench.data import Progress as Report

        out = console(stderr=True)
        self._live = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=out,
            disable=not out.is_terminal,
        )
        self._live.start()
        tasks: dict[str, int] = {}

        def report(progress: Report) -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = int(self._live.add_task(progress.stage, total=progress.total))
                if not out.is_terminal:
                    out.print(progress.stage, highlight=False, markup=False)
            self._live.update(tasks[progress.stage], completed=progress.done, total=progress.total)  # type: ignore[arg-type]  # TaskID is an int

        return report

    def __exit__(self, *error: object) -> None:
        self._live.stop()
