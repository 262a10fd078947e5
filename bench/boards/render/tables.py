"""Boards as plain tables of text: the rows, the runs left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.boards.board.rows import SECTIONS, Board, LeftOut, MetricSpec, Row, seeds_text
from bench.boards.render.formats import (
    change_text,
    mean_header,
    mean_text,
    rank_text,
    ranked_header,
    rate_text,
    score_text,
    seconds_text,
)
from bench.boards.render.table import NONE, Table
from bench.errors import unknown_name
from bench.stats import Interval


@dataclass(frozen=True)
class _Column:
    header: str
    right: bool
    text: Callable[[Row], str]
    bold: bool = False  # in rows whose first place is not ruled out


SORTS: dict[str, Callable[[Row], tuple[float | str, ...]]] = {
    "algorithm": lambda row: (algorithm_text(row),),
    "parameters": lambda row: (math.inf if row.parameters is None else row.parameters,),
    "training": lambda row: (row.cost.train_s if row.cost else math.inf,),
    "episodes/s": lambda row: (-row.speed.episodes_per_s if row.speed else math.inf,),
}


def sorted_rows(rows: Sequence[Row], sort: str = "") -> Sequence[Row]:
    """By one of `SORTS`, what is not known last; best first without. Raises UsageError for another word."""
    if sort in ("", "score"):
        return rows
    if sort not in SORTS:
        raise unknown_name("order", sort, ["score", *SORTS])
    return sorted(rows, key=SORTS[sort])


def section_tables(board: Board, sort: str = "") -> list[Table]:
    """One table per section that has rows: inductive, external data, transductive, authors' weights; best first."""
    return [section_table(board, name, rows) for name in SECTIONS if (rows := sorted_rows(board.section(name), sort))]


def section_table(board: Board, name: str, rows: Sequence[Row]) -> Table:
    """Every column there is for these rows of a section."""
    columns = _columns(board, rows)
    leading = [i for i, row in enumerate(rows) if row.rank and row.rank.best == 1]
    return Table(
        name,
        tuple(column.header for column in columns),
        tuple(column.right for column in columns),
        tuple(tuple(column.text(row) for column in columns) for row in rows),
        frozenset((i, j) for i in leading for j, column in enumerate(columns) if column.bold),
    )


def left_out_table(items: Sequence[LeftOut]) -> Table:
    """The runs that are stored but not on the board, with the reason."""
    return Table(
        "Not on the board",
        ("algorithm", "recipe", "seed", "run", "why"),
        (False, False, True, False, False),
        tuple(
            (item.learner, item.recipe or NONE, NONE if item.seed is None else str(item.seed), item.key, item.reason)
            for item in items
        ),
    )


def _columns(board: Board, rows: Sequence[Row]) -> list[_Column]:
    assert board.metric is not None  # a board with rows has a ranked metric
    metric = board.metric
    columns = [
        _Column("algorithm", False, algorithm_text),
        _Column(ranked_header(metric), True, lambda row: score_text(row.score, metric.unit), bold=True),
        *_ranking_columns(board, metric, rows),
        *(_error_columns(metric) if metric.skewed else []),
    ]
    for extra in board.extra_metrics:
        if any(extra.name in row.extras for row in rows):
            columns.append(_extra_column(extra))
    if board.bound:
        columns.append(_Column(f"gap to {board.bound}", True, lambda row: _gap(row, metric)))
    return [
        *columns,
        _Column("recipe", False, recipe_text),
        _Column("seeds", False, lambda row: seeds_text(row.seeds) if row.trains else "n/a"),
        _Column("configs tried", True, lambda row: str(row.n_configs_tried)),
        _Column("parameters", True, lambda row: NONE if row.parameters is None else f"{row.parameters:,}"),
        _Column("training", True, _training),
        _Column("episodes/s", True, lambda row: rate_text(row.speed.episodes_per_s) if row.speed else NONE),
        _Column("speed measured on", False, lambda row: row.speed.hardware_class if row.speed else NONE),
        _Column("verified", False, lambda row: row.verified),
        _Column("notes", False, lambda row: "; ".join(filter(None, (row.label, *row.flags, *row.cautions))) or NONE),
    ]


def _ranking_columns(board: Board, metric: MetricSpec, rows: Sequence[Row]) -> list[_Column]:
    """How the score stands beside the others', and beside itself on new classes; only columns that say something."""
    columns = []
    if any(row.rank for row in rows):
        columns.append(_Column("rank", True, lambda row: rank_text(row.rank), bold=True))
    if any(row.delta for row in rows):
        header = f"vs {board.reference}"
        columns.append(_Column(header, True, lambda row: change_text(row.delta, metric) if row.delta else NONE))
    if any(row.new_classes for row in rows):
        columns.append(_Column("on new classes", True, lambda row: _interval(row.new_classes, metric.unit)))
    return columns


def _error_columns(metric: MetricSpec) -> list[_Column]:
    """What people know an error by, beside the number that ranks."""
    mean = _Column("mean", True, lambda row: mean_text(metric, row.plain, row.errors.get(metric.name)))
    return [mean, _Column("median", True, lambda row: f"{row.errors[metric.name].median:.3g}")]


def _extra_column(metric: MetricSpec) -> _Column:
    def text(row: Row) -> str:
        return mean_text(metric, mean, row.errors.get(metric.name)) if (mean := row.extras.get(metric.name)) else NONE

    return _Column(mean_header(metric), True, text)


def _gap(row: Row, metric: MetricSpec) -> str:
    """A ratio of errors; a difference needs no sign, because the header names its direction."""
    return change_text(row.gap, metric) if row.gap and metric.skewed else _interval(row.gap, metric.unit)


def algorithm_text(row: Row) -> str:
    """`maml norm=batch bf16`: the learner, what differs from its defaults, and a precision that is not fp32."""
    return " ".join([str(row.learner), *settings_texts(row)])


def settings_texts(row: Row) -> list[str]:
    """What differs from the learner's defaults, and a precision that is not fp32."""
    changed = [f"{name}={value}" for name, value in row.overrides]
    return [*changed, *([] if row.precision == "fp32" else [row.precision])]


def recipe_text(row: Row) -> str:
    """The recipe of what was trained, here or by the authors."""
    return row.recipe if row.trains or row.weights else "n/a"


def _training(row: Row) -> str:
    if row.weights:
        return "the authors'"
    if not row.trains:
        return "none"
    return f"{seconds_text(row.cost.train_s)}, {row.cost.device}" if row.cost else NONE


def _interval(interval: Interval | None, unit: str) -> str:
    return NONE if interval is None else score_text(interval, unit)
