"""Tables for a terminal: numbers whole, nothing wider than the terminal, what is left out named."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench.boards.render.fit import chosen, fitted
from bench.boards.render.table import Table
from bench.errors import UsageError

BOARD = Table(
    "a board",
    ("algorithm", "accuracy, %", "vs nearest_centroid", "seeds", "notes"),
    (False, True, True, False, False),
    (
        ("protonet backbone=conv4", "98.30 ± 0.17", "+51.66 ± 0.44", "0-2", "re-scored with the newest source"),
        ("chance", "20.00 ± 0.00", "-26.64 ± 0.43", "n/a", "—"),
    ),
    frozenset({(0, 1)}),
)


def shown(table: Table, width: int, importance: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...]]:
    out = io.StringIO()
    found = fitted(table, width, importance)
    Console(file=out, width=width, force_terminal=False).print(found.table)
    return out.getvalue(), found.left_out


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100])
def test_numbers_are_whole_at_every_width(width: int) -> None:
    text, left_out = shown(BOARD, width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "98.30 ± 0.17" in text and ("+51.66 ± 0.44" in text) == ("vs nearest_centroid" not in left_out)


def test_what_is_most_important_stays_and_the_rest_is_named() -> None:
    assert shown(BOARD, 50, ("vs nearest_centroid",))[1] == ("seeds", "notes")
    assert shown(BOARD, 32, ("vs nearest_centroid",))[1] == ("accuracy, %", "seeds", "notes")
    assert shown(BOARD, 200)[1] == ()


def test_chosen_columns_are_in_the_order_asked_and_keep_what_is_bold() -> None:
    found = chosen(BOARD, ["seeds", "accuracy"])
    assert found.headers == ("seeds", "accuracy, %") and found.rows[1] == ("n/a", "20.00 ± 0.00")
    assert found.right == (False, True) and found.strong == {(0, 1)}
    with pytest.raises(UsageError, match="Did you mean 'seeds'"):
        chosen(BOARD, ["seed"])


words = st.text("ab ±1.", max_size=30)


@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=4), st.integers(20, 90))
def test_no_line_is_wider_than_the_terminal_and_right_cells_are_whole(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    rows = [(" ".join(a.split())[:20], " ".join(b.split()), " ".join(c.split())) for a, b, c in rows]
    text, left_out = shown(Table("t", ("one", "two", "three"), (False, True, False), tuple(rows)), width)
    assert all(len(line) <= width for line in text.splitlines())
    if "two" not in left_out:
        assert all(row[1] in text for row in rows)
