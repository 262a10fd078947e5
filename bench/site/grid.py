"""Tables of boards as a page needs them: text, what a column is sorted by, and where a cell leads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.boards import Board, Row, Table
from bench.boards.board.verdicts import KINDS
from bench.boards.render.tables import section_table
from bench.site.places import learner_place, row_id

_NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+")
_SHORT, _SHORT_NUMBER = 24, 40  # letters of a cell that is not broken
_SELDOM = ("configs tried", "parameters", "speed measured on")  # columns that a script folds until they are asked for


@dataclass(frozen=True)
class Header:
    """right : a column of numbers; seldom : one that a reader asks for; long : with text that needs room"""

    text: str
    right: bool
    seldom: bool = False
    long: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell.

    order : what a column of numbers is sorted by, None for what has none
    href : where it leads, from the folder's root
    verdict : its kind, where a cell says one
    """

    text: str
    order: float | None = None
    strong: bool = False
    href: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Line:
    """One row; anchor : of the board's row that it is, "" for other tables"""

    cells: tuple[Cell, ...]
    anchor: str = ""
    family: str = ""


@dataclass(frozen=True)
class Grid:
    headers: tuple[Header, ...]
    lines: tuple[Line, ...]


def section_grid(board: Board, name: str, rows: Sequence[Row]) -> Grid:
    """The rows of a section in the board's own columns; a learner's name leads to its page, "verified" to how the row
    was made."""
    table = section_table(board, name, rows)
    grid = plain_grid(table, [{"algorithm": learner_place(row.learner), "verified": f"#{row_id(row)}"} for row in rows])
    training = table.headers.index("training")  # its text has units of its own
    lines = []
    for line, row in zip(grid.lines, rows, strict=True):
        cells = list(line.cells)
        cells[training] = replace(cells[training], order=row.cost.train_s if row.trains and row.cost else None)
        lines.append(Line(tuple(cells), row_id(row), row.family))
    further = tuple(metric.name for metric in board.extra_metrics)
    headers = (replace(h, seldom=h.text in _SELDOM or h.text.startswith(further)) for h in grid.headers)
    return Grid(tuple(headers), tuple(lines))


def plain_grid(table: Table, links: Sequence[Mapping[str, str]] = ()) -> Grid:
    """A table as it is. links : of each row, header -> where that cell leads"""
    longest = [max((len(row[i]) for row in table.rows), default=0) for i in range(len(table.headers))]
    headers = [
        Header(text, right, long=length > (_SHORT_NUMBER if right else _SHORT))
        for text, right, length in zip(table.headers, table.right, longest, strict=True)
    ]
    lines = []
    for i, texts in enumerate(table.rows):
        leads = links[i] if links else {}
        cells = [
            Cell(
                text=text,
                order=first_number(text) if header.right else None,
                strong=(i, j) in table.strong,
                href=leads.get(header.text, ""),
                verdict=next((kind for kind in KINDS if header.text == "verdict" and text.startswith(kind)), ""),
            )
            for j, (header, text) in enumerate(zip(headers, texts, strict=True))
        ]
        lines.append(Line(tuple(cells)))
    return Grid(tuple(headers), tuple(lines))


def first_number(text: str) -> float | None:
    """
    >>> first_number("98.27 ± 0.14"), first_number("1 (1-3)"), first_number("111,680"), first_number("—")
    (98.27, 1.0, 111680.0, None)
    """
    found = _NUMBER.match(text)
    return float(found[0].replace(",", "")) if found else None
