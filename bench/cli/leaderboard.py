"""`bench leaderboard`: boards from records, printed, written or checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bench.cli import complete
from bench.cli.arguments import Published, RunsDirs, console, roots_asked, split_names
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.boards import Board


def leaderboard_command(
    write: Annotated[
        Path | None,
        typer.Option("--write", help="Bring the pages of this directory up to date; with --format html, a site."),
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="Exit 4 if a page of this directory is stale; html: of a site.")
    ] = None,
    preview: Annotated[
        list[Path] | None,
        typer.Option("--preview", help="Print what a packed bundle or stored run would change. Repeatable."),
    ] = None,
    results: Annotated[
        Path | None, typer.Option("--results", help="Records of the pages [default: DIR/results].")
    ] = None,
    runs: RunsDirs = None,
    published: Published = False,
    suite: Annotated[
        str | None,
        typer.Option("--suite", "-s", autocompletion=complete.suites, help="Print only these suites, comma-separated."),
    ] = None,
    form: Annotated[
        Literal["table", "markdown", "csv", "latex", "html", "json"],
        typer.Option("--format", help="Of what is printed."),
    ] = "table",
    columns: Annotated[
        str | None, typer.Option("--columns", help="Only these columns, by their headers, comma-separated.")
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", help="score, algorithm, parameters, training or episodes/s.")
    ] = "score",
    wide: Annotated[bool, typer.Option("--wide", help="On a terminal: every column, however wide.")] = False,
    older: Annotated[
        bool, typer.Option("--older", help="On a terminal: rows of older sources and recipes, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print boards, write their pages, check that the pages say what the records say, or preview a submission."""
    from bench.boards.render import pages

    if bool(write) + bool(check) + bool(preview) > 1:
        raise UsageError("--write, --check and --preview exclude each other.", "Give one of them.")
    if preview:
        _preview(preview, [results] if results else roots_asked(runs, published), "json" if as_json else form)
    elif write and form == "html":
        _write_site(write, [results] if results else roots_asked(runs, published), suite)
    elif write and (as_json or form not in ("table", "markdown")):
        raise UsageError(
            f"--write has no format {'json' if as_json else form}: it writes markdown pages and their CSV, or a site.",
            "Leave --format away, or say --format html.",
        )
    elif write:
        written = pages.write(write, results or write / "results")
        typer.echo(f"{len(written.files)} files changed" + "".join(f"\n  {path}" for path in written.files))
        if written.changes:
            typer.echo("What changed\n" + "\n".join(f"* {line}" for line in written.changes))
    elif check and form == "html":
        _check_site(check, [results] if results else roots_asked(runs, published), suite)
    elif check:
        pages.check(check, results or check / "results")
        typer.echo(f"{check}: every page says what its records say")
    else:
        chosen = split_names(columns) if columns else []
        boards = _boards(roots_asked(runs, published), suite)
        if as_json or form != "table":
            _print_as("json" if as_json else form, boards, chosen, sort)
        else:
            _print_tables(boards, wide=wide, older=older, columns=chosen, sort=sort)


def _preview(entries: list[Path], roots: Sequence[Path], form: str) -> None:
    from bench.boards import preview
    from bench.submissions.preview import laid_out

    if form not in ("table", "markdown"):
        raise UsageError(f"--preview has no format {form}.", "Choose table or markdown.")
    with laid_out(entries) as store:
        found = preview(store, roots)
    if form == "markdown":
        typer.echo(found.markdown(), nl=False)
        return
    _print_tables(found.boards)
    typer.echo("What would change\n" + "\n".join(f"* {line}" for line in found.changes))


def _write_site(directory: Path, roots: Sequence[Path], suite: str | None) -> None:
    from bench.site import write_site

    written = write_site(directory, _boards(roots, suite), roots)
    typer.echo(f"{written.pages} pages, {len(written.changed)} files changed: {directory / 'index.html'}")


def _check_site(directory: Path, roots: Sequence[Path], suite: str | None) -> None:
    from bench.site import check_site

    check_site(directory, _boards(roots, suite), roots)
    typer.echo(f"{directory}: every page says what its records say")


def _boards(roots: Sequence[Path], suite: str | None) -> list[Board]:
    from bench.boards import build_boards
    from bench.errors import unknown_name

    boards = build_boards(*roots)
    names = split_names(suite) if suite else []
    for name in names:
        if name not in {board.suite for board in boards}:
            raise unknown_name("suite with records", name, [board.suite for board in boards])
    return [board for board in boards if not names or board.suite in names]


def _print_as(form: str, boards: Sequence[Board], columns: Sequence[str], sort: str) -> None:
    from bench.boards import frame, rendered

    if form == "json":
        typer.echo(frame(boards, columns, sort).to_json(orient="records", indent=2))
    else:
        typer.echo(rendered(boards, form, columns, sort), nl=False)


def _print_tables(boards: Sequence[Board], **how: Any) -> None:
    """how : as of `board_lines`"""
    from bench.boards import board_lines
    from bench.boards.render.terminal import WIDE

    out = console()
    if how.get("wide"):
        out.width = WIDE
    for board in boards:
        for line in board_lines(board, out.width, **how):
            if isinstance(line, str):
                out.print(line, markup=False, highlight=False)
            else:
                out.print("")
                out.print(line)
    if not boards:
        out.print("No records yet. Try: bench run --algo protonet --suite glyphs-5w1s")
