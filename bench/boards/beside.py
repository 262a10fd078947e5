"""Results beside the published numbers: which row answers what a paper answered, and whether the two agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from bench.boards.numbers import unit_text
from bench.boards.references import Published, References, Source
from bench.boards.rows import Board, MetricSpec, Row
from bench.stats import Interval

Kind = Literal["reproduced", "above", "below", "not comparable", "not measured"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_RECIPES = ("paper", "fast")  # where a learner was measured with several, in this order


@dataclass(frozen=True)
class Verdict:
    """`by`: difference of the two means in the metric's unit, for "above" and "below"; `why` for "not comparable"."""

    kind: Kind
    by: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Beside:
    """A published number, others' repetitions of it, and the row that answers the same question.

    number : its source's place in the list below the page's table, from 1
    row : None while nothing on the board answers it
    measured : the row's score in the number's metric
    """

    published: Published
    source: Source
    number: int
    repeats: tuple[tuple[Published, Source, int], ...]
    row: Row | None
    measured: Interval | None
    metric: MetricSpec | None
    verdict: Verdict


def judge(measured: Interval, published: Published) -> Verdict:
    """Reproduced where the measured 95 % interval meets the published one.

    Without a printed interval the published one is all numbers that round to the printed one. The verdict is about
    numbers; whether the two may be compared at all is `with_published`'s to know.
    """
    low, high = published.ends
    if measured.low <= high and low <= measured.high:
        return Verdict("reproduced")
    return Verdict("above" if measured.low > high else "below", by=abs(measured.mean - published.mean))


def with_published(board: Board, references: References) -> Board:
    """The board with every published number of its suite beside the row that answers it, by learner."""
    numbers: dict[str, int] = {}  # key of a source -> its place below the table

    def cite(entry: Published) -> tuple[Source, int]:
        return references.sources[entry.source], numbers.setdefault(entry.source, len(numbers) + 1)

    found = []
    for entry, others in sorted(references.on(board.suite), key=lambda pair: pair[0].algorithm):
        source, number = cite(entry)
        repeats = tuple((other, *cite(other)) for other in others)
        row, metric = _row(entry, board), _metric(entry, board)
        measured = _score(row, metric, board) if row and metric else None
        verdict = _verdict(entry, row, metric, measured)
        found.append(Beside(entry, source, number, repeats, row if measured else None, measured, metric, verdict))
    return replace(board, beside=tuple(found))


def _verdict(entry: Published, row: Row | None, metric: MetricSpec | None, measured: Interval | None) -> Verdict:
    if row is None or metric is None or measured is None:
        return Verdict("not measured")
    why = next(_objections(entry, row, metric), "")
    return Verdict("not comparable", why=why) if why else judge(measured, entry)


def _objections(entry: Published, row: Row, metric: MetricSpec) -> Iterator[str]:
    if entry.not_comparable:
        yield entry.not_comparable
    if row.section == "external data":
        yield "measured with external data"
    if row.transductive != (entry.mode == "transductive"):
        yield f"measured {'transductive' if row.transductive else 'inductive'} only"
    if (unit := unit_text(metric.unit)) != entry.unit:
        yield f"published in {entry.unit}, measured in {unit}"


def _row(entry: Published, board: Board) -> Row | None:
    """The row that answers a published number. What it was allowed to see and how it was made decide, never its score:
    same mode, no successor, fewest other options changed, the paper's recipe, enough seeds, fp32."""
    wanted = {name: str(value) for name, value in entry.options.items()}
    rows = [
        row
        for row in board.rows
        if row.algorithm == entry.algorithm and wanted.items() <= dict(row.options).items() and not row.knows
    ]
    return min(
        rows,
        key=lambda row: (
            row.section == "external data",
            row.transductive != (entry.mode == "transductive"),
            row.superseded,
            len({name for name, _ in row.overrides} - wanted.keys()),
            _RECIPES.index(row.recipe) if row.recipe in _RECIPES else len(_RECIPES),
            bool(row.label),
            row.precision != "fp32",
            row.keys,
        ),
        default=None,
    )


def _metric(entry: Published, board: Board) -> MetricSpec | None:
    if entry.metric is None:
        return board.metric
    return next((m for m in (board.metric, *board.extra_metrics) if m and m.name == entry.metric), None)


def _score(row: Row, metric: MetricSpec, board: Board) -> Interval | None:
    return row.score if metric == board.metric else row.extras.get(metric.name)
