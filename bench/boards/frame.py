"""Boards as a pandas frame of numbers: `bench leaderboard --format csv` and the pages' CSV twins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.boards.beside_tables import verdict_text
from bench.boards.rows import Board, MetricSpec, Row
from bench.stats import Interval

if TYPE_CHECKING:
    import pandas as pd


def frame(boards: Sequence[Board]) -> pd.DataFrame:
    """One row per board row and metric; rank, delta, open and gap are of the ranked metric.

    Scores are in the records' units (accuracies as fractions), rounded to 6 decimals so that a page made on another
    machine is the same page; times are seconds.
    """
    import pandas as pd

    rows = [cells for board in boards for row in board.rows for cells in _frame_rows(board, row)]
    return pd.DataFrame(rows, columns=_FRAME).astype({"rank": "Int64", "rank_best": "Int64", "rank_worst": "Int64"})


_FRAME = [
    "suite", "version", "section", "algorithm", "family", "options", "recipe", "precision", "seeds", "label", "flags",
    "metric", "unit", "higher_is_better", "ranked_metric", "mean", "low", "high", "se", "sd", "episodes", "interval",
    "rank", "rank_best", "rank_worst", "delta", "delta_low", "delta_high", "reference", "open_low", "open_high",
    "gap", "gap_low", "gap_high", "bound", "n_configs_tried", "parameters", "train_s", "train_device",
    "published", "published_low", "published_high", "published_source", "verdict",
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
        cells |= _published(board, row, metric)
        rows.append(cells | _standing(board, row) if ranked else cells)
    return rows


def _standing(board: Board, row: Row) -> dict[str, Any]:
    """What only the ranked metric has."""
    cells: dict[str, Any] = {}
    if row.rank:
        cells |= {"rank": row.rank.rank, "rank_best": row.rank.best, "rank_worst": row.rank.worst}
    if row.delta:
        cells |= _ends("delta", row.delta) | {"delta": _round(row.delta.mean), "reference": board.reference}
    if row.new_classes:
        cells |= _ends("open", row.new_classes)
    if row.gap:
        cells |= _ends("gap", row.gap) | {"gap": _round(row.gap.mean), "bound": board.bound}
    return cells


def _published(board: Board, row: Row, metric: MetricSpec) -> dict[str, Any]:
    """The published number that the row answers in this metric, in the records' unit; a comparable one if there is."""
    found = [item for item in board.beside if item.row is row and item.metric == metric]
    if not found:
        return {}
    item = min(found, key=lambda item: item.verdict.kind == "not comparable")
    low, high = item.published.ends
    return {
        "published": _round(item.published.mean),
        "published_low": _round(low),
        "published_high": _round(high),
        "published_source": item.source.title,
        "verdict": verdict_text(item),
    }


def _numbers(interval: Interval) -> dict[str, float | int]:
    return {name: _round(getattr(interval, name)) for name in ("mean", "low", "high", "se", "sd")} | {
        "episodes": interval.n
    }


def _ends(name: str, interval: Interval) -> dict[str, float]:
    return {f"{name}_low": _round(interval.low), f"{name}_high": _round(interval.high)}


def _round(value: float) -> float:
    return round(float(value), 6)
