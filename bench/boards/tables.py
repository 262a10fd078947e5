"""Boards as plain tables of text, the one source of every printed format, and as a pandas frame of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.boards.numbers import NONE, metric_header, rate_text, score_text, seconds_text, seeds_text
from bench.boards.rows import SECTIONS, Board, LeftOut, Row
from bench.stats import Interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Table:
    """Text in rows and columns; `right` says which columns hold numbers."""

    title: str
    headers: tuple[str, ...]
    right: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Column:
    header: str
    right: bool
    text: Callable[[Row], str]


def section_tables(board: Board) -> list[Table]:
    """One table per section that has rows: inductive, external data, transductive; best row first."""
    return [_table(name, _columns(board, rows), rows) for name in SECTIONS if (rows := board.section(name))]


def left_out_table(items: Sequence[LeftOut]) -> Table:
    """The runs that are stored but not on the board, with the reason."""
    return Table(
        "Not on the board",
        ("algorithm", "recipe", "seed", "run", "why"),
        (False, False, True, False, False),
        tuple(
            (item.algorithm, item.recipe or NONE, NONE if item.seed is None else str(item.seed), item.key, item.reason)
            for item in items
        ),
    )


def frame(boards: Sequence[Board]) -> pd.DataFrame:
    """One row per board row and metric, `bench leaderboard --format csv` and the pages' CSV twins.

    Scores are in the records' units (accuracies as fractions), rounded to 6 decimals so that a page made on another
    machine is the same page; times are seconds.
    """
    import pandas as pd

    return pd.DataFrame(
        [cells for board in boards for row in board.rows for cells in _frame_rows(board, row)], columns=_FRAME
    )


def _columns(board: Board, rows: Sequence[Row]) -> list[_Column]:
    assert board.metric is not None  # a board with rows has a ranked metric
    metric = board.metric
    columns = [
        _Column("algorithm", False, algorithm_text),
        _Column(metric_header(metric), True, lambda row: score_text(row.score, metric.unit)),
    ]
    for extra in board.extra_metrics:
        if any(extra.name in row.extras for row in rows):
            columns.append(_extra_column(extra.name, metric_header(extra), extra.unit))
    if board.bound:
        columns.append(_Column(f"gap to {board.bound}", True, lambda row: _interval(row.gap, metric.unit)))
    return [
        *columns,
        _Column("recipe", False, _recipe),
        _Column("seeds", False, lambda row: seeds_text(row.seeds) if row.trains else "n/a"),
        _Column("configs tried", True, lambda row: str(row.n_configs_tried)),
        _Column("parameters", True, lambda row: NONE if row.parameters is None else f"{row.parameters:,}"),
        _Column("training", True, _training),
        _Column("episodes/s", True, lambda row: rate_text(row.speed.episodes_per_s) if row.speed else NONE),
        _Column("speed measured on", False, lambda row: row.speed.hardware_class if row.speed else NONE),
        _Column("notes", False, lambda row: "; ".join(filter(None, (row.label, *row.flags))) or NONE),
    ]


def _extra_column(name: str, header: str, unit: str) -> _Column:
    return _Column(header, True, lambda row: _interval(row.extras.get(name), unit))


def algorithm_text(row: Row) -> str:
    """`maml norm=batch bf16`: the learner, what differs from its defaults, and a precision that is not fp32."""
    changed = [f"{name}={value}" for name, value in row.overrides]
    return " ".join([row.algorithm, *changed, *([] if row.precision == "fp32" else [row.precision])])


def _recipe(row: Row) -> str:
    return row.recipe if row.trains else "n/a"


def _training(row: Row) -> str:
    if not row.trains:
        return "none"
    return f"{seconds_text(row.cost.train_s)}, {row.cost.device}" if row.cost else NONE


def _interval(interval: Interval | None, unit: str) -> str:
    return NONE if interval is None else score_text(interval, unit)


def _table(title: str, columns: Sequence[_Column], rows: Sequence[Row]) -> Table:
    return Table(
        title,
        tuple(column.header for column in columns),
        tuple(column.right for column in columns),
        tuple(tuple(column.text(row) for column in columns) for row in rows),
    )


_FRAME = [
    "suite", "version", "section", "algorithm", "family", "options", "recipe", "precision", "seeds", "label", "flags",
    "metric", "unit", "higher_is_better", "ranked_metric", "mean", "low", "high", "se", "sd", "episodes", "interval",
    "gap", "gap_low", "gap_high", "bound", "n_configs_tried", "parameters", "train_s", "train_device",
    "eval_episodes_per_s", "hardware_class", "manifest_sha256", "data_fingerprint", "source_sha256", "bench_version",
    "command", "keys",
]  # fmt: skip


def _frame_rows(board: Board, row: Row) -> list[dict[str, Any]]:
    assert board.metric is not None  # a board with rows has a ranked metric
    common = {
        "suite": board.suite,
        "version": board.version,
        "section": row.section,
        "algorithm": row.algorithm,
        "family": row.family,
        "options": " ".join(f"{name}={value}" for name, value in row.options),
        "recipe": row.recipe,
        "precision": row.precision,
        "seeds": " ".join(map(str, row.seeds)),
        "label": row.label,
        "flags": "; ".join(row.flags),
        "n_configs_tried": row.n_configs_tried,
        "parameters": row.parameters,
        "train_s": round(row.cost.train_s, 1) if row.cost else None,
        "train_device": row.cost.device if row.cost else None,
        "eval_episodes_per_s": round(row.speed.episodes_per_s, 2) if row.speed else None,
        "hardware_class": row.speed.hardware_class if row.speed else None,
        "manifest_sha256": board.manifest_sha256,
        "data_fingerprint": board.data_fingerprint,
        "source_sha256": row.source_sha256,
        "bench_version": " ".join(row.bench_versions),
        "command": "; ".join(row.commands),
        "keys": " ".join(row.keys),
    }
    rows = []
    for metric in (board.metric, *board.extra_metrics):
        ranked = metric is board.metric
        interval = row.score if ranked else row.extras.get(metric.name)
        if interval is None:
            continue
        cells = common | _numbers(interval) | {"metric": metric.name, "unit": metric.unit}
        cells |= {"higher_is_better": metric.higher_is_better, "ranked_metric": ranked, "interval": row.score_label}
        if ranked and row.gap is not None:
            gap = _numbers(row.gap)
            cells |= {"gap": gap["mean"], "gap_low": gap["low"], "gap_high": gap["high"], "bound": board.bound}
        rows.append(cells)
    return rows


def _numbers(interval: Interval) -> dict[str, float | int]:
    return {name: round(float(getattr(interval, name)), 6) for name in ("mean", "low", "high", "se", "sd")} | {
        "episodes": interval.n
    }
