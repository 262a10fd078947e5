"""`bench leaderboard`: boards from records, printed, written or checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.arguments import console
from bench.errors import UsageError


def leaderboard_command(
    write: Annotated[Path | None, typer.Option("--write", help="Bring the pages of this directory up to date.")] = None,
    check: Annotated[Path | None, typer.Option("--check", help="Exit 4 if a page of this directory is stale.")] = None,
    preview: Annotated[
        list[Path] | None,
        typer.Option("--preview", help="Print what a packed bundle or stored run would change. Repeatable."),
    ] = None,
    results: Annotated[
        Path | None, typer.Option("--results", help="Records of the pages [default: DIR/results].")
    ] = None,
    runs: Annotated[
        list[Path] | None, typer.Option("--runs", help="Print from these records [default: published and ./runs].")
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", "-s", help="Print only these suites, comma-separated.")
    ] = None,
    form: Annotated[
        Literal["table", "markdown", "csv", "latex", "html", "json"],
        typer.Option("--format", help="Of what is printed."),
    ] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print boards, write their pages, check that the pages say what the records say, or preview a submission."""
    from bench.boards.render import pages

    if bool(write) + bool(check) + bool(preview) > 1:
        raise UsageError("--write, --check and --preview exclude each other.", "Give one of them.")
    if preview:
        _preview(preview, [results] if results else runs, "json" if as_json else form)
    elif write:
        written = pages.write(write, results or write / "results")
        typer.echo(f"{len(written.files)} files changed" + "".join(f"\n  {path}" for path in written.files))
        if written.changes:
            typer.echo("What changed\n" + "\n".join(f"* {line}" for line in written.changes))
    elif check:
        pages.check(check, results or check / "results")
        typer.echo(f"{check}: every page says what its records say")
    else:
        _print(runs, suite, "json" if as_json else form)


def _preview(entries: list[Path], runs: list[Path] | None, form: str) -> None:
    from bench.boards import preview, rich_tables
    from bench.records import default_roots
    from bench.submissions.preview import laid_out

    if form not in ("table", "markdown"):
        raise UsageError(f"--preview has no format {form}.", "Choose table or markdown.")
    with laid_out(entries) as store:
        found = preview(store, runs or default_roots())
    if form == "markdown":
        typer.echo(found.markdown(), nl=False)
        return
    out = console()
    for board in found.boards:
        for table in rich_tables(board):
            out.print(table)
    typer.echo("What would change\n" + "\n".join(f"* {line}" for line in found.changes))


def _print(runs: list[Path] | None, suite: str | None, form: str) -> None:
    from bench.boards import build_boards, frame, render, rich_tables
    from bench.cli.arguments import split_names
    from bench.errors import unknown_name
    from bench.records import default_roots

    boards = build_boards(*(runs or default_roots()))
    if suite:
        names = split_names(suite)
        for name in names:
            if name not in {board.suite for board in boards}:
                raise unknown_name("suite with records", name, [board.suite for board in boards])
        boards = [board for board in boards if board.suite in names]
    if form == "json":
        typer.echo(frame(boards).to_json(orient="records", indent=2))
    elif form != "table":
        typer.echo(render(boards, form), nl=False)
    else:
        out = console()
        for board in boards:
            for table in rich_tables(board):
                out.print(table)
            if board.left_out:
                out.print(
                    f"{len(board.left_out)} runs of {board.suite} are not on the board: bench list runs", style="dim"
                )
        if not boards:
            out.print("No records yet. Try: bench run --algo protonet --suite glyphs-5w1s")
