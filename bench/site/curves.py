"""Learning curves: the validation metric at each check of the runs that a board shows, against the time they took.

Time, because steps of different learners are not equally dear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.boards import Board, Row
from bench.boards.board.domain_facts import unit_facts
from bench.boards.render.formats import metric_header
from bench.records import Record, RunStore
from bench.records.store import StoredRun
from bench.site.axis import HEIGHT, Axis, Tick, axis_of
from bench.site.places import row_id
from bench.site.rows import row_names

FINE = 1000  # what a line's coordinates are counted in, in both directions


@dataclass(frozen=True)
class Run:
    """points : an SVG list of points, both coordinates in 1/`FINE` of the plot; chosen : (x in percent, y in pixels) of
    the check whose weights were scored"""

    points: str
    chosen: tuple[float, float] | None


@dataclass(frozen=True)
class Series:
    """The runs of one row, a line each."""

    name: str
    anchor: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Curves:
    series: tuple[Series, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    y_label: str
    height: int = HEIGHT
    fine: int = FINE


@dataclass(frozen=True)
class _Read:
    record: Record
    steps: list[int]
    seconds: list[float]
    values: list[float]


def curves(board: Board, rows: Sequence[Row], stored: Mapping[str, StoredRun]) -> Curves | None:
    """Of the rows whose records have a curve; None where none has.

    stored : the runs by key
    """
    assert board.metric is not None  # a board with rows has a ranked metric
    scale = unit_facts(board.metric.unit).scale
    found = {row.keys: [run for key in row.keys if (run := _read(stored.get(key), scale))] for row in rows}
    shown = [row for row in rows if found[row.keys]]
    if not shown:
        return None
    everything = [run for row in shown for run in found[row.keys]]
    x_axis = axis_of([(run.seconds[0], run.seconds[-1]) for run in everything], log=True, stray=False)
    spans = [(min(run.values), max(run.values)) for run in everything]
    y_axis = axis_of(spans, log=board.metric.skewed and min(low for low, _ in spans) > 0)
    series = [
        Series(name, row_id(row), tuple(_run(run, x_axis, y_axis) for run in found[row.keys]))
        for row, name in zip(shown, row_names(shown), strict=True)
    ]
    return Curves(
        tuple(series), tuple(x_axis.second_ticks()), tuple(y_axis.ticks_from_top()), metric_header(board.metric)
    )


def _read(run: StoredRun | None, scale: float) -> _Read | None:
    if run is None or run.record is None or (curve := RunStore(run.path).read_curve(run.path)) is None:
        return None
    checks = curve[np.isfinite(curve["validation"]) & (curve["seconds"] > 0)]
    if len(checks) < 2:
        return None
    columns = checks["step"], checks["seconds"], scale * checks["validation"]
    return _Read(run.record, *(column.tolist() for column in columns))


def _run(run: _Read, x_axis: Axis, y_axis: Axis) -> Run:
    x, y = [x_axis.at(seconds) for seconds in run.seconds], [y_axis.from_top(value) for value in run.values]
    points = " ".join(f"{FINE * a / 100:.0f},{FINE * b / HEIGHT:.0f}" for a, b in zip(x, y, strict=True))
    step = run.record.validation.step if run.record.validation else None
    chosen = run.steps.index(step) if step in run.steps else None
    return Run(points, None if chosen is None else (x[chosen], y[chosen]))
