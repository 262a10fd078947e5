"""`bench weights`: what is too much for git, kept by its hash elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import complete
from bench.cli.arguments import DataDir, Json, console, print_json
from bench.errors import StoreError, UsageError

if TYPE_CHECKING:
    from bench.artifacts import Weights
    from bench.catalogue import Entry

app = typer.Typer(help="Keep the weights of runs outside git; fetch published ones.", no_args_is_help=True)
_STORE = "a folder, https://..., or hf://owner/name"
Runs = Annotated[
    list[Path] | None,
    typer.Option("--runs", help="Directory of records. Repeatable [default: published records, ./runs]."),
]


@app.command("list")
def list_command(
    runs: Runs = None,
    catalogue: Annotated[
        bool, typer.Option("--catalogue", help="Weights that others have published, and which are here.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Say which runs have weights, and where they are; or which published weights there are."""
    if catalogue:
        _print_catalogue(data_dir, as_json)
        return
    from bench.artifacts import find_weights

    found = list(find_weights(runs or ()))
    if as_json:
        print_json(
            [
                {
                    "run": str(weights.run),
                    "sha256": weights.recorded.sha256,
                    "bytes": weights.recorded.bytes,
                    "here": weights.here,
                    "uri": weights.recorded.uri,
                }
                for weights in found
            ]
        )
        return
    from rich.table import Table

    table = Table("suite", "algo", "seed", "key", "kB", "here", "elsewhere")
    for weights in found:
        record = weights.record
        seed = "n/a" if record.seed is None else str(record.seed)
        size, here = f"{weights.recorded.bytes / 1e3:,.0f}", "yes" if weights.here else "no"
        elsewhere = (weights.recorded.uri or "-").rpartition("/")[0] or "-"
        table.add_row(record.suite.name, record.algorithm.name, seed, record.key[:8], size, here, elsewhere)
    console().print(table)
    beside = [weights for weights in found if weights.here]
    typer.echo(f"{len(found):,} weights, {_mb(found)}; here {len(beside):,}, {_mb(beside)}")


@app.command("push")
def push_command(
    store: Annotated[str, typer.Argument(metavar="STORE", help=f"{_STORE[0].upper()}{_STORE[1:]}.")],
    runs: Runs = None,
) -> None:
    """Bring the weights of runs to a store.

    What it has is not sent again. For a store that others can reach, each record then says where its weights lie, and
    fetch needs no --from.
    """
    from bench.artifacts import find_weights, open_place, push

    done = push(list(find_weights(runs or ())), open_place(store))
    typer.echo(f"{store}: {len(done.sent):,} sent ({_mb(done.sent)}), {len(done.there):,} there already")
    if done.absent:
        typer.echo(f"{len(done.absent):,} not sent: they are not beside their records")


@app.command("fetch")
def fetch_command(
    run: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            autocompletion=complete.runs,
            help="Runs: directories, or first letters of keys; or names of the catalogue (list --catalogue).",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Of every run that has some.")] = False,
    store: Annotated[
        str | None, typer.Option("--from", metavar="STORE", help=f"{_STORE} [default: where each record says].")
    ] = None,
    runs: Runs = None,
    data_dir: DataDir = None,
) -> None:
    """Bring weights from a store beside their records, or published ones from their authors.

    Each is checked by its hash. An interrupted download continues when the command is given again. Published weights
    are converted for their learner and kept in the data directory; --from then names a copy of the authors' files.
    """
    from bench.artifacts import Weights, fetch, find_weights, open_place
    from bench.catalogue import load_catalogue
    from bench.cli.data import ProgressBar
    from bench.records import find_run

    known = load_catalogue()
    for name in [text for text in run or () if text in known]:
        _fetch_published(known[name], store, data_dir)
    if run and not (run := [text for text in run if text not in known]):
        return
    if bool(run) == every:
        raise UsageError("Say whose weights: some runs, or --all.", "`bench weights list` shows which runs have some.")
    wanted = list(find_weights(runs or ())) if every else []
    for text in run or ():
        found_in, path = find_run(text, runs or ())
        weights = Weights.of(path, found_in.read(path))
        if weights is None:
            raise UsageError(f"{path} has no weights: its learner has none.", "Nothing needs to be fetched.")
        wanted.append(weights)
    place = open_place(store) if store else None
    with ProgressBar() as report:
        done = list(fetch(wanted, place, report))
    new, failed = [one.weights for one in done if one.new], [one for one in done if one.problem]
    typer.echo(f"{len(new):,} fetched ({_mb(new)}), {len(done) - len(new) - len(failed):,} here already")
    if failed:
        first = failed[0].problem
        assert first is not None
        more = f" ({len(failed) - 1:,} more were not fetched)" if len(failed) > 1 else ""
        raise StoreError(first.message + more, first.fix)


@app.command("prune")
def prune_command(
    root: Annotated[Path, typer.Argument(help="A directory of records.")],
    limit: Annotated[float, typer.Option(min=0, help="Megabytes of weights that may stay.")] = 40.0,
    store: Annotated[
        str | None, typer.Option("--store", metavar="STORE", help=f"A store that has them: {_STORE}.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    as_json: Json = False,
) -> None:
    """Delete weights that a store has, beyond a limit. Those of each row's first seed always stay.

    Later seeds go first, and among them large files. Nothing is deleted that can't be fetched again.
    """
    from bench.artifacts import open_place, prune

    if not root.is_dir():
        raise UsageError(f"There is no directory {root}.", "Name a directory of records, such as runs.")
    done = prune(root, int(limit * 1e6), open_place(store) if store else None, dry_run)
    if as_json:
        print_json({name: [str(weights.run) for weights in found] for name, found in vars(done).items()})
    else:
        for weights in done.removed:
            typer.echo(f"{'would delete' if dry_run else 'deleted'} {weights.file}")
        kept = (*done.first, *done.kept, *done.stranded)
        typer.echo(
            f"{len(done.removed):,} {'would go' if dry_run else 'deleted'} ({_mb(done.removed)}), {len(kept):,} stay "
            f"({_mb(kept)}), {len(done.first):,} of them of a row's first seed ({_mb(done.first)})"
        )
    if done.stranded:
        raise StoreError(
            f"{len(done.stranded):,} weights ({_mb(done.stranded)}) are beyond {limit:g} MB, but no store has them.",
            f"bench weights push STORE --runs {root}, then the same command again.",
        )
    if done.bytes_left > limit * 1e6:
        raise StoreError(f"The first seeds alone take {_mb(done.first)}, more than {limit:g} MB.", "Raise --limit.")


def _fetch_published(entry: Entry, store: str | None, data_dir: Path | None) -> None:
    """Fetch, and say what came: whose it is, and what it has seen."""
    from bench.catalogue import fetch_weights, is_here
    from bench.cli.data import ProgressBar

    there = is_here(entry, data_dir)
    with ProgressBar() as report:
        file = fetch_weights(entry, store, data_dir, report)
    seen = " Test classes of the suite were seen." if entry.saw_test_classes else ""
    typer.echo(f"{entry.name}: {'here already' if there else 'fetched'}, {file}")
    typer.echo(f"{entry.paper}. Licence: {entry.licence}. Trained on {entry.trained_on}.{seen}")
    typer.echo(f"bench run --weights {entry.name} --suite {entry.suites[0]}")


def _print_catalogue(data_dir: Path | None, as_json: bool) -> None:
    from bench.catalogue import is_here, load_catalogue

    entries = [(entry, is_here(entry, data_dir)) for entry in load_catalogue().values()]
    if as_json:
        print_json([{**entry.model_dump(mode="json"), "here": here} for entry, here in entries])
        return
    from rich.table import Table

    table = Table("name", "algo", "suites", "licence", "test classes", "here")
    for entry, here in entries:
        seen = "seen" if entry.saw_test_classes else "unseen"
        suites = ", ".join(entry.suites)
        table.add_row(entry.name, entry.learner, suites, entry.licence, seen, "yes" if here else "no")
    console().print(table)


def _mb(weights: Iterable[Weights]) -> str:
    return f"{sum(one.recorded.bytes for one in weights) / 1e6:,.1f} MB"
