"""What changed since a board was last written: rows that came, went or moved.

A page says what its records say, whatever stood there before; so the history is told when the page is written, from
its CSV twin on the disk, and is not part of the page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from bench.boards.frame import frame
from bench.boards.numbers import NONE
from bench.boards.rows import Board

_Cells = Mapping[str, str]
_WATCHED = (
    ("section", "moved to section"),
    ("seeds", "seeds"),
    ("rank", "rank"),
    ("flags", "notes"),
    ("verdict", "verdict"),
)


def what_changed(before: str | None, board: Board) -> list[str]:
    """One line per row that was added, removed or moved, against the text of the board's CSV (None: there was none).

    Rows are the same where they share a run. Scores are compared as they are written, to six decimals.
    """
    old = _ranked_rows(before or "")
    new = _ranked_rows(frame([board]).to_csv(index=False, lineterminator="\n"))
    lines: list[str] = []
    met: set[int] = set()
    for row in new:
        i = next((i for i, other in enumerate(old) if i not in met and _runs(other) & _runs(row)), None)
        if i is None:
            lines.append(f"added {_name(row)}: {_score(row)}{_place(row)}")
            continue
        met.add(i)
        if moved := list(_moves(old[i], row)):
            lines.append(f"{_name(row)}: {', '.join(moved)}")
    lines += [f"removed {_name(row)}: {_score(row)}{_place(row)}" for i, row in enumerate(old) if i not in met]
    return [f"{board.suite}: {line}" for line in lines]


def _ranked_rows(text: str) -> Sequence[_Cells]:
    """The rows of the ranked metric; columns that an older version did not write are empty."""
    return [row for row in csv.DictReader(io.StringIO(text)) if row.get("ranked_metric") == "True"]


def _runs(row: _Cells) -> set[str]:
    return set((row.get("keys") or "").split())


def _moves(old: _Cells, new: _Cells) -> Iterator[str]:
    if old.get("mean") != new["mean"]:
        yield f"{_score(old)} -> {_score(new)}"
    for column, word in _WATCHED:
        before, after = _cell(old, column), _cell(new, column)
        if before != after:
            yield f"{word} {before} -> {after}"


def _cell(row: _Cells, column: str) -> str:
    if column == "rank" and row.get("rank"):
        best, worst = row["rank_best"], row["rank_worst"]
        return row["rank"] if best == worst else f"{row['rank']} ({best}-{worst})"
    return row.get(column) or NONE


def _name(row: _Cells) -> str:
    return " ".join(filter(None, (row.get("algorithm"), row.get("options"), row.get("recipe"))))


def _score(row: _Cells) -> str:
    text = row.get("mean") or NONE
    try:
        mean = float(text)
    except ValueError:  # the file was edited by hand
        return text
    return f"{100 * mean:.2f} %" if row.get("unit") == "fraction" else f"{row.get('metric')} {mean:.3f}"


def _place(row: _Cells) -> str:
    return f", rank {_cell(row, 'rank')}" if row.get("rank") else ""
