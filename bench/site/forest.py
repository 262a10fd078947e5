"""The forest plot: the score of every row with its intervals, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.boards import Board, Row
from bench.boards.board.domain_facts import unit_facts
from bench.boards.render.formats import ranked_header, score_text
from bench.site.axis import Axis, Tick, axis_of
from bench.site.places import row_id
from bench.site.rows import row_names
from bench.stats import Interval

Kind = Literal["seeds", "episodes", "checkpoint"]  # what the closed interval of a row is over


@dataclass(frozen=True)
class Line:
    """One row. Places are percent of the axis; `outside` is -1 or 1 where the mean lies beyond an end of it.

    closed, opened : ends of the intervals; `opened` is over new classes, None where it is no wider
    """

    name: str
    anchor: str
    family: str
    kind: Kind
    mean: float
    closed: tuple[float, float]
    opened: tuple[float, float] | None
    outside: int
    text: str


@dataclass(frozen=True)
class Forest:
    """groups : (section, its lines), the section "" where there is one only"""

    groups: tuple[tuple[str, tuple[Line, ...]], ...]
    ticks: tuple[Tick, ...]
    label: str

    @property
    def lines(self) -> list[Line]:
        return [line for _, lines in self.groups for line in lines]

    @property
    def kinds(self) -> set[Kind]:
        return {line.kind for line in self.lines}

    @property
    def any_opened(self) -> bool:
        return any(line.opened for line in self.lines)


def forest(board: Board, rows: Sequence[Row], short: bool = False) -> Forest:
    """The rows in their order, by section. short : an axis of its own with the ends of the intervals only"""
    assert board.metric is not None  # a board with rows has a ranked metric
    unit = board.metric.unit
    scale = unit_facts(unit).scale
    axis = axis_of([_span(row, scale) for row in rows], log=board.metric.skewed, stray=not short)
    names = row_names(rows)

    def line(row: Row, name: str) -> Line:
        closed = _places(axis, row.score, scale)
        opened = _places(axis, row.new_classes, scale) if row.new_classes else None
        mean = scale * row.score.mean
        text = score_text(row.score, unit)
        place = axis.at(mean), axis.outside(mean)
        return Line(name, row_id(row), row.family, interval_kind(row), place[0], closed, opened, place[1], text)

    lines = [(row.section, line(row, name)) for row, name in zip(rows, names, strict=True)]
    sections = list(dict.fromkeys(section for section, _ in lines))
    groups = [
        (section if len(sections) > 1 else "", tuple(found for other, found in lines if other == section))
        for section in sections
    ]
    return Forest(tuple(groups), tuple(axis.ticks()), ranked_header(board.metric))


def interval_kind(row: Row) -> Kind:
    """What the row's closed interval is over, by the board's label."""
    if row.score_label.endswith("new seeds"):
        return "seeds"
    return "episodes" if row.score_label == "closed" else "checkpoint"


def _span(row: Row, scale: float) -> tuple[float, float]:
    widest = row.new_classes or row.score
    return scale * min(widest.low, row.score.low), scale * max(widest.high, row.score.high)


def _places(axis: Axis, interval: Interval, scale: float) -> tuple[float, float]:
    return axis.at(scale * interval.low), axis.at(scale * interval.high)
