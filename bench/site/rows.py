"""Which rows of a board pages show first, and what they are called where their name stands alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.boards import Board, Row
from bench.boards.render.tables import algorithm_text

_MORE: tuple[Callable[[Row], str], ...] = (
    lambda row: row.recipe,
    lambda row: row.label or f"{len(row.seeds)} seeds",
    lambda row: row.section,
    lambda row: row.keys[0][:8],
)


def current(board: Board) -> list[Row]:
    """The rows that no later source or recipe has succeeded; all where there is no other."""
    return [row for row in board.rows if not row.superseded] or list(board.rows)


def row_names(rows: Sequence[Row]) -> list[str]:
    """The learner with its options, and as little more as tells the rows apart: recipe, seeds, section, a run's key."""
    names = [algorithm_text(row) for row in rows]
    for more in _MORE:
        said: dict[str, set[str]] = {}
        for row, name in zip(rows, names, strict=True):
            said.setdefault(name, set()).add(more(row))
        names = [f"{name}, {more(row)}" if len(said[name]) > 1 else name for row, name in zip(rows, names, strict=True)]
    return names
