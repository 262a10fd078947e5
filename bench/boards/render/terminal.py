"""A board on a terminal: first what ranks, in columns that fit; marks for what must be known, explained below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING

from bench.boards.board.rows import SECTIONS, Board, LeftOut, Row
from bench.boards.render.fit import chosen, fitted
from bench.boards.render.formats import ranked_header
from bench.boards.render.published_tables import published_table, short_measured, short_verdict
from bench.boards.render.table import NONE, Table
from bench.boards.render.tables import algorithm_text, section_table, sorted_rows

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE = 10_000  # columns, for who has scroll bars or a pipe
_NOTE = "note"
_PAGE_ONLY = ("configs tried", "parameters", "training", "speed measured on", "verified", "notes", "recipe")
_FURTHER = ("gap to", "on new classes", "mean", "median")  # and every further metric: in a table of their own
_NAMED = 4  # learners that a line names before it says how many more there are


def board_lines(
    board: Board, width: int, *, wide: bool = False, older: bool = False, columns: Sequence[str] = (), sort: str = ""
) -> Iterator[RenderableType]:
    """Tables and lines of one board, in order.

    wide : all columns, however wide; older : also rows of older sources and recipes; columns : these only;
    sort : see `tables.SORTS`
    """
    for name in SECTIONS:
        if rows := sorted_rows(board.section(name), sort):
            shown = [row for row in rows if older or not row.superseded] or list(rows)
            yield from _section(board, name, shown, width, wide, columns)
            yield from _folded([row for row in rows if row not in shown])
    if (published := _published(board)) and not columns:
        yield from _laid_out(published, width, ["measured", "published", "verdict", "metric"])
        yield "sources, margins and reasons: bench leaderboard --format markdown"
    yield from _left_out(board.left_out)


def _section(
    board: Board, name: str, rows: Sequence[Row], width: int, wide: bool, columns: Sequence[str]
) -> Iterator[RenderableType]:
    assert board.metric is not None  # a board with rows has a ranked metric
    whole = section_table(board, name, rows)
    whole = replace(whole, title=f"{board.suite}: {name}")
    if columns:
        yield from _laid_out(chosen(whole, columns), width)
        return
    if wide:
        yield fitted(whole, WIDE).table
        return
    notes = _Notes(rows)
    named = _with_column(whole, 0, "algorithm", _names(rows))
    further = [h for h in named.headers if _is_further(h, board)]
    first = _without(named, {*_PAGE_ONLY, *further})
    first = _inserted(first, 2, _NOTE, notes.marks) if any(notes.marks) else first
    score = ranked_header(board.metric)
    importance = [score, _NOTE, "rank", "seeds", f"vs {board.reference}", "episodes/s"]
    yield from _laid_out(_not_empty(first), width, importance)
    if notes.lines:
        yield "\n".join(notes.lines)
    yield from _hardware(rows)
    yield from _untimed(rows)
    second = _without_repeats(_not_empty(chosen(named, ["algorithm", *further])))
    if len(second.headers) > 1:
        yield from _laid_out(replace(second, title=f"{board.suite}: {name}, further numbers"), width)


def _laid_out(table: Table, width: int, importance: Sequence[str] = ()) -> Iterator[RenderableType]:
    found = fitted(table, width, importance)
    yield found.table
    if found.left_out:
        yield f"no room for {'; '.join(found.left_out)}: --wide, or --columns NAME,NAME"


class _Notes:
    """Marks of rows, and what they mean. The same words have the same mark."""

    def __init__(self, rows: Sequence[Row]) -> None:
        said = [[text for text in (row.label, *row.flags, *row.cautions) if text] for row in rows]
        texts = list(dict.fromkeys(text for row in said for text in row))
        marks = {text: _mark(i) for i, text in enumerate(texts)}
        self.marks = [" ".join(marks[text] for text in row) for row in said]
        self.lines = [f"{mark}  {_explained(text)}" for text, mark in marks.items()]


def _explained(text: str) -> str:
    if text.startswith("df "):
        return f"{text} (degrees of freedom): the interval is mostly the spread of few trainings"
    return f"{text}: speaks of these trainings only" if "checkpoint" in text else text


def _mark(i: int) -> str:
    more, letter = divmod(i, len(ascii_lowercase))
    return ascii_lowercase[letter] * (more + 1)


def _names(rows: Sequence[Row]) -> list[str]:
    """The learner with its options; with its recipe, too, where another row reads the same."""
    names = [algorithm_text(row) for row in rows]
    again = Counter(names)
    return [f"{name} ({row.recipe})" if again[name] > 1 else name for name, row in zip(names, rows, strict=True)]


def _is_further(header: str, board: Board) -> bool:
    metrics = tuple(metric.name for metric in board.extra_metrics)
    return header.startswith((*_FURTHER, *metrics))


def _not_empty(table: Table) -> Table:
    empty = [all(row[i] in (NONE, "") for row in table.rows) for i in range(len(table.headers))]
    return chosen(table, [header for header, nothing in zip(table.headers, empty, strict=True) if not nothing])


def _without_repeats(table: Table) -> Table:
    """Without columns that say what one before them says, such as the error after the last step."""
    kept: dict[tuple[str, ...], str] = {}
    for i, header in enumerate(table.headers):
        kept.setdefault(tuple(row[i] for row in table.rows), header)
    return chosen(table, list(kept.values()))


def _without(table: Table, headers: set[str]) -> Table:
    return chosen(table, [header for header in table.headers if header not in headers])


def _with_column(table: Table, at: int, header: str, cells: Sequence[str]) -> Table:
    rows = [(*row[:at], cell, *row[at + 1 :]) for row, cell in zip(table.rows, cells, strict=True)]
    return replace(table, headers=(*table.headers[:at], header, *table.headers[at + 1 :]), rows=tuple(rows))


def _inserted(table: Table, at: int, header: str, cells: Sequence[str]) -> Table:
    return Table(
        table.title,
        (*table.headers[:at], header, *table.headers[at:]),
        (*table.right[:at], False, *table.right[at:]),
        tuple((*row[:at], cell, *row[at:]) for row, cell in zip(table.rows, cells, strict=True)),
        frozenset((row, i + (i >= at)) for row, i in table.strong),
    )


def _folded(rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        yield f"{_rows(len(rows))} of older sources or recipes ({_some([row.algorithm for row in rows])}): --older"


def _hardware(rows: Sequence[Row]) -> Iterator[str]:
    """What speeds were measured on: those of different machines say nothing of each other."""
    on: dict[str, list[str]] = {}
    for row in rows:
        if row.speed:
            on.setdefault(row.speed.hardware_class, []).append(row.algorithm)
    for hardware, names in on.items():
        yield f"episodes/s on {hardware}" + (f": {_some(names)}" if len(on) > 1 else "")


def _untimed(rows: Sequence[Row]) -> Iterator[str]:
    without = [row for row in rows if row.speed is None]
    if without:
        names = _some([row.algorithm for row in without])
        yield f"without episodes/s: {names}; bench time {without[0].keys[0][:8]} measures it"


def _left_out(items: Sequence[LeftOut]) -> Iterator[str]:
    by_reason: dict[str, list[LeftOut]] = {}
    for item in items:
        by_reason.setdefault(item.reason, []).append(item)
    if by_reason:
        yield "not on the board:"
    for reason, found in by_reason.items():
        yield f"  {_some([f'{item.learner} {item.key[:8]}' for item in found])}: {reason}"


def _published(board: Board) -> Table | None:
    """The published numbers without what only a page has room for."""
    whole = published_table(board)
    if whole is None:
        return None
    short = _with_column(whole, whole.headers.index("verdict"), "verdict", [short_verdict(i) for i in board.published])
    measured = [short_measured(item) for item in board.published]
    short = _with_column(short, whole.headers.index("measured"), "measured", measured)
    kept = [h for h in ("algorithm", "metric", "published", "measured", "verdict", "mode") if h in short.headers]
    return replace(chosen(short, kept), title=f"{board.suite}: beside the published numbers", sources=())


def _some(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = len(unique) - _NAMED
    return ", ".join(unique[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _rows(n: int) -> str:
    return f"{n} row{'s' if n > 1 else ''}"
