"""Tables for a terminal of some width: numbers are never broken; what finds no room is left out and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from bench.boards.render.table import Table
from bench.errors import unknown_name

if TYPE_CHECKING:
    from rich.console import RenderableType

_GAP = 2  # spaces between two columns
_SHORT = 12  # text up to this width is never broken; longer text is, between words


@dataclass(frozen=True)
class Fitted:
    """A table as wide as the terminal at most. left_out : headers of columns that found no room"""

    table: RenderableType
    left_out: tuple[str, ...]


def fitted(table: Table, width: int, importance: Sequence[str] = ()) -> Fitted:
    """As many columns as fit side by side.

    importance : headers of what goes last, most important first; the others follow in the table's order. The first
        column always stays.
    """
    least = [_least(table, column) for column in range(len(table.headers))]
    ranked = [header for header in importance if header in table.headers]
    order = sorted(range(len(least)), key=lambda i: _place(table.headers[i], i, ranked))
    kept = list(order)
    while len(kept) > 1 and sum(least[i] for i in kept) + _GAP * (len(kept) - 1) > width:
        kept.pop()
    dropped = tuple(table.headers[i] for i in sorted(set(order) - set(kept)))
    return Fitted(_rich(table, sorted(kept), least), dropped)


def chosen(table: Table, names: Sequence[str]) -> Table:
    """The table with these columns only, in this order; a header's words before its comma are enough.

    Raises UsageError for a name that none has.
    """
    where = []
    for name in names:
        begun = (i for i, header in enumerate(table.headers) if header.startswith(f"{name},"))
        found = table.headers.index(name) if name in table.headers else next(begun, None)
        if found is None:
            raise unknown_name("column", name, table.headers)
        where.append(found)
    return replace(
        table,
        headers=tuple(table.headers[i] for i in where),
        right=tuple(table.right[i] for i in where),
        rows=tuple(tuple(row[i] for i in where) for row in table.rows),
        strong=frozenset((row, where.index(i)) for row, i in table.strong if i in where),
    )


def _place(header: str, column: int, ranked: Sequence[str]) -> tuple[int, int]:
    if column == 0:
        return (0, 0)
    return (1, ranked.index(header)) if header in ranked else (2, column)


def _least(table: Table, column: int) -> int:
    """The width that a column needs: of numbers that of the longest, of long text that of the longest word."""
    cells = [row[column] for row in table.rows]
    words = [*table.headers[column].split(), ""]
    header = max(*map(len, words), min(len(table.headers[column]), _SHORT))
    if table.right[column]:
        return max([header, *map(len, cells)])
    widest = max(map(len, cells), default=0)
    longest = max((len(word) for cell in cells for word in cell.split()), default=0)
    return max(header, widest if widest <= _SHORT else longest)


def _rich(table: Table, kept: Sequence[int], least: Sequence[int]) -> RenderableType:
    from rich import box
    from rich.console import Group
    from rich.table import Table as RichTable
    from rich.text import Text

    rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True, show_edge=False)
    for i in kept:
        right = table.right[i]
        header = "\n".join(wrap(table.headers[i], max(least[i], 1)))
        rich.add_column(
            Text(header), justify="right" if right else "left", no_wrap=right, min_width=least[i], overflow="fold"
        )
    for number, row in enumerate(table.rows):
        rich.add_row(*(Text(row[i], style="bold" if (number, i) in table.strong else "") for i in kept))
    title = Text(table.title, style="bold")  # apart: a table would break it to its own width
    return Group(title, rich) if table.title else rich
