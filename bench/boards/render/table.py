"""A table: text in rows and columns, the one source of every printed format."""

from __future__ import annotations

from dataclasses import dataclass

NONE = "—"


@dataclass(frozen=True)
class Table:
    """Text in rows and columns; `right`: columns of numbers, `strong`: (row, column) of bold cells.

    sources : (title, url) of what the cells cite as [1], [2], ...; listed below the table
    """

    title: str
    headers: tuple[str, ...]
    right: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[tuple[int, int]] = frozenset()
    sources: tuple[tuple[str, str], ...] = ()
