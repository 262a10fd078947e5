"""Tables of `bench speed`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from bench.speed.result import Speed
    from bench.speed.rows import Row


def number_table(speed: Speed) -> Table:
    from bench.speed.rows import number_rows, shown

    table = _table("measured", "median", "lowest", "highest")
    for row in number_rows(speed):
        low, high = ("" if value is None else shown(value, row.form) for value in (row.low, row.high))
        table.add_row(row.name, row.text, low, high)
    return table


def part_table(speed: Speed) -> Table | None:
    """Where the time of a whole training goes; None for a learner that trains nothing."""
    from bench.runs.progress import duration
    from bench.speed.rows import part_rows, shown

    training = speed.training
    if training is None:
        return None
    checks = "" if training.checks is None else f", {training.checks} x a check of {shown(training.check_s)} s"
    title = f"a whole training: {training.steps:,} steps{checks}, {duration(training.whole_s)}"
    table = _table("part", "ms a step", "lowest", "highest", "of the whole", title=title)
    for row, share in part_rows(speed):
        low, high = ("" if value is None else shown(value) for value in (row.low, row.high))
        table.add_row(row.name, row.text, low, high, shown(share, "percent"))
    return table


def comparison_table(title: str, rows: Sequence[tuple[str, Row | None, Row | None, float | None]]) -> Table:
    table = _table("measured", "A", "B", "B / A", title=title or None)
    for name, a, b, ratio in rows:
        texts = ["-" if row is None else row.text for row in (a, b)]
        table.add_row(name, *texts, "-" if ratio is None else f"{ratio:.3f}")
    return table


def _table(name: str, *numbers: str, title: str | None = None) -> Table:
    """Words give way in a narrow terminal, numbers don't."""
    table = Table(title=title, title_justify="left", title_style="")
    table.add_column(name, overflow="fold", min_width=12)
    for column in numbers:
        table.add_column(column, justify="right", no_wrap=True, min_width=len(column))
    return table
