"""Score against a cost: of training, or of answering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.boards import Board, Row
from bench.boards.board.domain_facts import unit_facts
from bench.boards.render.formats import ranked_header, rate_text, score_text, seconds_text
from bench.site.axis import HEIGHT, Axis, Tick, axis_of
from bench.site.forest import interval_kind
from bench.site.places import row_id
from bench.site.rows import row_names

_WIDTH = 480  # pixels that it has about, to keep labels apart
_LETTER, _LINE = 6.2, 14  # pixels of a label


@dataclass(frozen=True)
class Point:
    """One row: x in percent, y, low and high in pixels from the top; hollow : a checkpoint.

    (dx, dy) and `anchor` place its label, which is "" where there is no room for one.
    """

    x: float
    y: float
    low: float
    high: float
    name: str
    row: str
    family: str
    text: str
    hollow: bool = False
    label: str = ""
    dx: float = 0.0
    dy: float = 0.0
    anchor: str = "start"


@dataclass(frozen=True)
class Scatter:
    """where : what the costs were measured on, which is one thing; `beyond` are rows that lie outside the plot"""

    points: tuple[Point, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_label: str
    y_label: str
    where: str
    beyond: tuple[str, ...]
    height: int = HEIGHT


def against_training(board: Board, rows: Sequence[Row]) -> list[Scatter]:
    """One plot for each device that rows were trained on."""
    costs = {row.keys: row.cost for row in rows if row.trains and row.cost and row.cost.train_s > 0}
    return _plots(
        board,
        [(row, cost.device, cost.train_s, seconds_text(cost.train_s)) for row in rows if (cost := costs.get(row.keys))],
        "training of one seed",
        Axis.second_ticks,
    )


def against_speed(board: Board, rows: Sequence[Row]) -> list[Scatter]:
    """One plot for each class of hardware that `bench time` measured on: speeds never cross it."""
    timed = [
        (row, row.speed.hardware_class, row.speed.episodes_per_s, f"{rate_text(row.speed.episodes_per_s)} episodes/s")
        for row in rows
        if row.speed
    ]
    return _plots(board, timed, "episodes per second", Axis.ticks)


def _plots(
    board: Board, costs: Sequence[tuple[Row, str, float, str]], x_label: str, ticks: Callable[[Axis], list[Tick]]
) -> list[Scatter]:
    """One for each place with two rows or more. costs : (row, where it was measured, number, in words)"""
    places = dict.fromkeys(where for _, where, _, _ in costs)
    plots = []
    for place in places:
        here = [(row, number, words) for row, where, number, words in costs if where == place]
        if len(here) > 1:
            plots.append(_plot(board, here, x_label, place, ticks))
    return plots


def _plot(
    board: Board,
    costs: Sequence[tuple[Row, float, str]],
    x_label: str,
    where: str,
    ticks: Callable[[Axis], list[Tick]],
) -> Scatter:
    assert board.metric is not None  # a board with rows has a ranked metric
    unit = board.metric.unit
    scale = unit_facts(unit).scale
    y_axis = axis_of([(scale * row.score.low, scale * row.score.high) for row, _, _ in costs], log=board.metric.skewed)
    x_axis = axis_of([(number, number) for _, number, _ in costs], log=True, stray=False)
    points, beyond = [], []
    for (row, number, words), name in zip(costs, row_names([row for row, _, _ in costs]), strict=True):
        if y_axis.outside(scale * row.score.mean):
            beyond.append(f"{name} {score_text(row.score, unit)}, {words}")
            continue
        mean, low, high = (y_axis.from_top(scale * x) for x in (row.score.mean, row.score.low, row.score.high))
        text = f"{name}: {score_text(row.score, unit)}, {words}"
        hollow = interval_kind(row) == "checkpoint"
        points.append(Point(x_axis.at(number), mean, low, high, name, row_id(row), row.family, text, hollow))
    return Scatter(
        points=tuple(_labelled(points)),
        x_ticks=tuple(ticks(x_axis)),
        y_ticks=tuple(y_axis.ticks_from_top()),
        x_label=x_label,
        y_label=ranked_header(board.metric),
        where=where,
        beyond=tuple(beyond),
    )


_Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


def _labelled(points: Sequence[Point]) -> list[Point]:
    """The points with labels beside them, where there is room for one that touches no other."""
    taken: list[_Box] = [
        box
        for p in points
        for box in (_box(_WIDTH * p.x / 100 - 6, p.y, 12, 12), _box(_WIDTH * p.x / 100 - 2, p.y, 4, p.low - p.high))
    ]
    found = []
    for point in points:
        x, width = _WIDTH * point.x / 100, _LETTER * len(point.name)
        for dx, dy, anchor, left in (
            *((9, dy, "start", x + 9) for dy in (0, -13, 13)),
            *((-9, dy, "end", x - 9 - width) for dy in (0, -13, 13)),
        ):
            box = _box(left, point.y + dy, width, _LINE)
            if box[0] >= 0 and box[2] <= _WIDTH and box[1] >= 0 and box[3] <= HEIGHT and not _touches(box, taken):
                taken.append(box)
                point = replace(point, label=point.name, dx=dx, dy=dy, anchor=anchor)
                break
        found.append(point)
    return found


def _box(left: float, middle: float, width: float, height: float) -> _Box:
    return left, middle - height / 2, left + width, middle + height / 2


def _touches(box: _Box, others: Sequence[_Box]) -> bool:
    return any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in others)
