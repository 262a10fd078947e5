"""Boards as a pandas frame of numbers, for `bench leaderboard --format csv` and the pages' CSV twins; and what changed
since a twin was last written: rows that came, went or moved.

A page says what its records say, whatever stood there before; so the history is told when the page is written, from
its CSV twin on the disk, and is not part of the page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.rows import Board, ErrorSummary, MetricSpec, Row
from bench.boards.render.formats import ranked_by
from bench.boards.render.table import NONE
from bench.boards.render.tables import sorted_rows
from bench.errors import unknown_name
from bench.stats import Equivalence, Interval

if TYPE_CHECKING:
    import pandas as pd

_Cells = Mapping[str, str]
_WATCHED = (
    ("section", "moved to section"),
    ("seeds", "seeds"),
    ("rank", "rank"),
    ("flags", "notes"),
    ("verified", "verified"),
    ("verdict", "verdict"),
)


def frame(boards: Sequence[Board], columns: Sequence[str] = (), sort: str = "") -> pd.DataFrame:
    """One row per board row and metric; rank, delta, open and gap are of the ranked metric.

    `mean` is the mean, whatever ranks; errors rank by `geometric_mean` (`ranked_by` says so), and their delta and gap
    are ratios of geometric means. `low` and `high` are empty where few episodes carry the mean (`top_share`). `df` is
    that of the interval of the number that ranks.

    Scores are in the records' units (accuracies as fractions), rounded to 6 decimals so that a page made on another
    machine is the same page; times are seconds.

    columns : these only [default: all]; sort : as `sorted_rows`. UsageError for names that there are not
    """
    import pandas as pd

    for name in columns:
        if name not in _FRAME:
            raise unknown_name("column", name, _FRAME)
    rows = [cells for board in boards for row in sorted_rows(board.rows, sort) for cells in _frame_rows(board, row)]
    found = pd.DataFrame(rows, columns=_FRAME).astype({"rank": "Int64", "rank_best": "Int64", "rank_worst": "Int64"})
    return found[list(columns)] if columns else found


_FRAME = [
    "suite", "version", "section", "algorithm", "family", "options", "recipe", "precision", "seeds", "label", "flags",
    "cautions", "verified", "metric", "unit", "higher_is_better", "ranked_metric", "mean", "low", "high", "se", "sd",
    "episodes", "interval", "ranked_by", "df", "geometric_mean", "geometric_low", "geometric_high", "median",
    "top_share", "rank", "rank_best", "rank_worst", "delta", "delta_low", "delta_high", "reference", "open_low",
    "open_high", "gap", "gap_low", "gap_high", "bound", "n_configs_tried", "parameters", "train_s", "train_device",
    "published", "published_low", "published_high", "published_source", "verdict",
    "published_delta", "published_delta_low", "published_delta_high", "published_margin",
    "eval_episodes_per_s", "hardware_class", "manifest_sha256", "data_fingerprint", "source_sha256", "bench_version",
    "command", "keys",
]  # fmt: skip


def _frame_rows(board: Board, row: Row) -> list[dict[str, Any]]:
    assert board.metric is not None  # a board with rows has a ranked metric
    common = {
        "suite": board.suite,
        "version": board.version,
        "section": row.section,
        "algorithm": str(row.learner),
        "family": row.family,
        "options": " ".join(f"{name}={value}" for name, value in row.options),
        "recipe": row.recipe,
        "precision": row.precision,
        "seeds": " ".join(map(str, row.seeds)),
        "label": row.label,
        "flags": "; ".join(row.flags),
        "cautions": "; ".join(row.cautions),
        "verified": row.verified,
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
        mean = row.plain if ranked else row.extras.get(metric.name)
        if mean is None:
            continue
        cells = common | _numbers(mean, row.errors.get(metric.name)) | {"metric": metric.name, "unit": metric.unit}
        cells |= {"higher_is_better": metric.higher_is_better, "ranked_metric": ranked, "interval": row.score_label}
        cells |= {"ranked_by": ranked_by(metric)}
        cells |= _published(board, row, metric)
        rows.append(cells | _place_numbers(board, row) if ranked else cells)
    return rows


def _place_numbers(board: Board, row: Row) -> dict[str, Any]:
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
    found = [item for item in board.published if item.row is row and item.metric == metric]
    if not found:
        return {}
    item = min(found, key=lambda item: item.verdict.kind == "not comparable")
    cells: dict[str, Any] = {"published": _round(item.printed.mean), "published_source": item.source.title}
    cells |= _ends("published", item.printed) | {"verdict": item.verdict.kind}
    if delta := item.verdict.found:
        cells |= _ends("published_delta", delta) | {"published_delta": _round(delta.difference)}
        cells["published_margin"] = _round(delta.margin)
    return cells


def _numbers(mean: Interval, errors: ErrorSummary | None) -> dict[str, float | int]:
    ends = () if errors and errors.top.heavy else ("low", "high", "se")
    cells: dict[str, float | int] = {name: _round(getattr(mean, name)) for name in ("mean", *ends, "sd")}
    cells |= {"episodes": mean.n, "df": round((errors.geometric if errors else mean).df, 2)}
    if errors:
        cells |= _ends("geometric", errors.geometric) | {"geometric_mean": _round(errors.geometric.mean)}
        cells |= {"median": _round(errors.median), "top_share": round(errors.top.share, 3)}
    return cells


def _ends(name: str, interval: Interval | Equivalence) -> dict[str, float]:
    return {f"{name}_low": _round(interval.low), f"{name}_high": _round(interval.high)}


def _round(value: float) -> float:
    return round(float(value), 6)


def what_changed(before: str | None, board: Board) -> list[str]:
    """One line per row that was added, removed or moved, against the text of the board's CSV (None: there was none).

    Rows are the same where they share a run. Scores are compared as they are written, to six decimals.
    """
    old = _ranked_rows(before or "")
    new = _ranked_rows(frame([board]).to_csv(index=False, lineterminator="\n"))
    lines: list[str] = []
    met: set[int] = set()
    having: dict[str, list[int]] = {}  # run -> the old rows that it is in
    for i, row in enumerate(old):
        for run in _runs(row):
            having.setdefault(run, []).append(i)
    for row in new:
        same = [i for run in _runs(row) for i in having.get(run, ()) if i not in met]
        if not same:
            lines.append(f"added {_name(row)}: {_score(row)}{_place(row)}")
            continue
        met.add(i := min(same))
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
    if _number(old) != _number(new):
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


def _number(row: _Cells) -> str:
    """The number that ranks, as it is written. Older versions ranked errors by their mean and had no other."""
    return row.get("geometric_mean") or row.get("mean") or NONE


def _score(row: _Cells) -> str:
    text = _number(row)
    try:
        number = float(text)
    except ValueError:  # the file was edited by hand
        return text
    unit = unit_facts(row.get("unit") or "")
    if unit.sign:
        return f"{unit.scale * number:.{unit.fine_digits}f} {unit.sign}"
    return f"{row.get('metric')} {number:.3g}{' (geometric mean)' if row.get('geometric_mean') else ''}"


def _place(row: _Cells) -> str:
    return f", rank {_cell(row, 'rank')}" if row.get("rank") else ""
