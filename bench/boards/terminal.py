"""Tables for the terminal, with rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from bench.boards.beside_tables import beside_table
from bench.boards.numbers import NONE
from bench.boards.tables import Table, section_tables

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from bench.boards.rows import Board

# A terminal is narrower than a page; these are on the page and in the CSV.
_PAGE_ONLY = {"configs tried", "speed measured on", "parameters", "training", "repeated by others", "differences"}


def rich_tables(board: Board) -> list[RichTable]:
    """One rich table per section, captioned with the hardware its speeds were measured on, and one of what was
    published."""
    tables = []
    for table in section_tables(board):
        hardware = sorted({row[table.headers.index("speed measured on")] for row in table.rows} - {NONE})
        rich = rich_table(
            table,
            f"{board.suite}: {table.title}",
            _PAGE_ONLY if len(hardware) < 2 else _PAGE_ONLY - {"speed measured on"},
        )
        rich.caption = f"episodes/s on {hardware[0]}" if len(hardware) == 1 else None
        tables.append(rich)
    if published := beside_table(board):
        rich = rich_table(published, f"{board.suite}: {published.title}", _PAGE_ONLY)
        rich.caption = "sources and differences: --format markdown"
        tables.append(rich)
    return tables


def rich_table(table: Table, title: str = "", without: set[str] | frozenset[str] = frozenset()) -> RichTable:
    """A table for a rich console; cells are text, never rich markup. `without` names headers to leave out."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    kept = [i for i, header in enumerate(table.headers) if header not in without]
    rich = RichTable(
        title=Text(title or table.title), title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD
    )
    for i in kept:
        # Who scored what stays on one line; where room is short, the other columns wrap.
        justify: Literal["left", "right"] = "right" if table.right[i] else "left"
        rich.add_column(Text(table.headers[i]), justify=justify, overflow="fold", no_wrap=i < 2)
    for number, row in enumerate(table.rows):
        rich.add_row(*(Text(row[i], style="bold" if (number, i) in table.strong else "") for i in kept))
    return rich
