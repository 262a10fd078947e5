"""Which row of a board answers what others did, and what stands beside their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.published import Published, PublishedNumbers, Source
from bench.boards.board.rows import Board, MetricSpec, Row
from bench.boards.board.verdicts import Verdict, judge, published_interval
from bench.stats import Interval

_RECIPES = ("paper", "fast")  # where a learner was measured with several, in this order


@dataclass(frozen=True)
class Answered:
    """A published number, others' repetitions of it, and the row that answers the same question.

    number : its source's place in the list below the page's table, from 1
    row : None while nothing on the board answers it
    measured : the row's plain mean in the number's metric
    printed : the number with its 95 % interval, in the records' unit (see `published_interval`)
    """

    published: Published
    source: Source
    number: int
    repeats: tuple[tuple[Published, Source, int], ...]
    row: Row | None
    measured: Interval | None
    printed: Interval
    metric: MetricSpec | None
    verdict: Verdict


def with_published(board: Board, numbers: PublishedNumbers) -> Board:
    """The board with every published number of its suite beside the row that answers it, by learner."""
    places: dict[str, int] = {}  # key of a source -> its place below the table

    def cite(entry: Published) -> tuple[Source, int]:
        return numbers.sources[entry.source], places.setdefault(entry.source, len(places) + 1)

    found = []
    for entry, others in sorted(numbers.on(board.suite), key=lambda pair: pair[0].algorithm):
        source, number = cite(entry)
        repeats = tuple((other, *cite(other)) for other in others)
        row, metric = _row(entry, board), _metric(entry, board)
        measured = _plain_mean(row, metric, board) if row and metric else None
        printed = published_interval(entry, source, measured.sd if measured else 0.0)
        if row is None or metric is None or measured is None:
            row, verdict = None, Verdict("not measured")
        elif why := next(_objections(entry, row, metric), ""):
            verdict = Verdict("not comparable", why=why)
        else:
            verdict = judge(measured, printed, numbers.margins[entry.unit].around(entry), row)
        found.append(Answered(entry, source, number, repeats, row, measured, printed, metric, verdict))
    return replace(board, published=tuple(found))


def _objections(entry: Published, row: Row, metric: MetricSpec) -> Iterator[str]:
    if entry.not_comparable:
        yield entry.not_comparable
    if row.section == "external data":
        yield "measured with external data"
    if row.transductive != (entry.mode == "transductive"):
        yield f"measured {'transductive' if row.transductive else 'inductive'} only"
    if (unit := unit_facts(metric.unit).shown) != entry.unit:
        yield f"published in {entry.unit}, measured in {unit}"
    if metric.name in row.errors and row.errors[metric.name].top.heavy:
        yield "few episodes carry the measured mean"


def _row(entry: Published, board: Board) -> Row | None:
    """The row that answers a published number. What it was allowed to see and how it was made decide, never its score:
    the very learner, same mode, no successor, fewest other options changed, the paper's recipe, enough seeds, fp32."""
    asked = {name: str(value) for name, value in entry.options.items()}
    rows = [
        row
        for row in board.rows
        if row.learner == entry.learner and asked.items() <= dict(row.options).items() and not row.privileged
    ]
    return min(
        rows,
        key=lambda row: (
            row.section == "external data",
            row.transductive != (entry.mode == "transductive"),
            row.superseded,
            len({name for name, _ in row.overrides} - asked.keys()),
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


def _plain_mean(row: Row, metric: MetricSpec, board: Board) -> Interval | None:
    """The mean over episodes, which is what is published, whatever a board ranks by."""
    return row.plain if metric == board.metric else row.extras.get(metric.name)
