"""Which row of a board answers what others did, and what stands beside their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.published import Published, PublishedNumbers, Source
from bench.boards.board.rows import SAW_TEST_CLASSES, Board, MetricSpec, Row
from bench.boards.board.verdicts import Verdict, judge, published_interval
from bench.stats import Interval

_RECIPES = ("paper", "fast")  # where a learner was measured with several, in this order


@dataclass(frozen=True)
class Answered:
    """A published number, others' repetitions of it, and the row that answers the same question.

    Where the authors' own weights are on the board, they answer it once more: whether their training was repeated here
    and whether the same weights score the same here are two questions.

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
        metric = _metric(entry, board)
        for row in (_row(entry, board), *_of_the_authors(entry, source, board)):
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
    if row.weights and SAW_TEST_CLASSES in row.flags:
        yield "these weights saw test classes of the suite"
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
    asked = _asked(entry)
    rows = [row for row in _rows(entry, board) if row.weights is None]
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


def _of_the_authors(entry: Published, source: Source, board: Board) -> list[Row]:
    """The rows of weights that the number's own authors published: both name the same paper."""
    paper = source.url.rpartition("/")[2]
    return [row for row in _rows(entry, board) if row.weights is not None and paper in row.weights.paper]


def _rows(entry: Published, board: Board) -> list[Row]:
    asked = _asked(entry).items()
    return [
        row
        for row in board.rows
        if row.learner == entry.learner and asked <= dict(row.options).items() and not row.privileged
    ]


def _asked(entry: Published) -> dict[str, str]:
    return {name: str(value) for name, value in entry.options.items()}


def _metric(entry: Published, board: Board) -> MetricSpec | None:
    if entry.metric is None:
        return board.metric
    return next((m for m in (board.metric, *board.extra_metrics) if m and m.name == entry.metric), None)


def _plain_mean(row: Row, metric: MetricSpec, board: Board) -> Interval | None:
    """The mean over episodes, which is what is published, whatever a board ranks by."""
    return row.plain if metric == board.metric else row.extras.get(metric.name)
