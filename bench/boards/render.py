"""Boards as text in the formats of `bench leaderboard --format`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from bench.boards.beside_tables import beside_table
from bench.boards.frame import frame
from bench.boards.html import html_table
from bench.boards.latex import latex_table
from bench.boards.markdown import suite_markdown
from bench.boards.rows import Board
from bench.boards.tables import Table, section_tables
from bench.errors import unknown_name

Format = Literal["markdown", "csv", "latex", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(boards: Sequence[Board], form: str) -> str:
    """All boards in one format, ending in a newline; UsageError for a format that is not in FORMATS."""
    match form:
        case "markdown":
            return "\n\n".join(suite_markdown(board) for board in boards) + "\n"
        case "csv":
            return frame(boards).to_csv(index=False, lineterminator="\n")
        case "latex" | "html":
            write = latex_table if form == "latex" else html_table
            return "\n\n".join(write(table) for board in boards for table in _titled(board)) + "\n"
    raise unknown_name("format", form, FORMATS)


def _titled(board: Board) -> list[Table]:
    published = beside_table(board)
    tables = [*section_tables(board), *([published] if published else [])]
    return [replace(table, title=f"{board.suite}: {table.title}") for table in tables]
