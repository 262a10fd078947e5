"""What papers and other people's repetitions report for the suites, which row of a board answers what they did, and
whether the two agree. The numbers are in `published.yaml`:

sources:
  maml: {title: "Finn et al. 2017, Table 1", url: "https://arxiv.org/abs/1703.03400"}
published:
  - {suite: omniglot-5w1s, algorithm: maml, value: "98.7", interval: "0.4", mode: transductive, source: maml}

Numbers stand in quotes as they were printed, because 48.70 says more than 48.7. Where a number was taken from another
paper's table, the title of its source says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from bench.boards.board.domain_facts import ShownUnit, shown_facts, unit_facts
from bench.boards.board.rows import Board, Learner, MetricSpec, Row, baseline
from bench.stats import Interval
from bench.yamlfile import load_yaml

Kind = Literal["reproduced", "above", "below", "not comparable", "not measured"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_RECIPES = ("paper", "fast")  # where a learner was measured with several, in this order
_PACKAGED = Path(__file__).with_name("published.yaml")
_FIX = "fix: docs/reproduction/README.md says what an entry holds"

_Text = Annotated[str, StringConstraints(min_length=1, strict=True)]
_Printed = Annotated[str, StringConstraints(pattern=r"^-?\d+(\.\d+)?$", strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where a number was printed: paper and table, or a README."""

    title: _Text
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"]+$")]


class Published(_Part):
    """One printed number for one learner on one suite.

    algorithm : the baseline that is the learner; another learner's row is not it, whatever it is called
    options : options that the learner must have been run with to stand beside it
    metric : None is the metric that the suite is ranked by
    interval : half width as printed, whatever the authors mean by it (mostly 95 % over test episodes); None without one
    differences : known differences to our suite and learner that do not forbid the comparison
    not_comparable : the difference that does
    repeats : somebody else's repetition; listed beside the paper's number, never judged by
    """

    suite: _Text
    algorithm: _Text
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    metric: _Text | None = None
    value: _Printed
    interval: _Printed | None = None
    unit: ShownUnit = "percent"
    mode: Literal["inductive", "transductive"]
    source: _Text
    differences: tuple[_Text, ...] = ()
    not_comparable: _Text | None = None
    repeats: bool = False

    @property
    def learner(self) -> Learner:
        return baseline(self.algorithm)

    @property
    def question(self) -> tuple[object, ...]:
        """What the number answers: a paper's number and its repetitions share it."""
        options = tuple(sorted((name, str(value)) for name, value in self.options.items()))
        return self.suite, self.algorithm, options, self.metric, self.mode

    @property
    def mean(self) -> float:
        """In the records' unit: percent become fractions."""
        return float(Decimal(self.value) / self._scale)

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the printed interval, or of the numbers that round to the printed one; in the records' unit."""
        value = Decimal(self.value)
        half = Decimal(self.interval) if self.interval else _last_digit(value) / 2
        return float((value - half) / self._scale), float((value + half) / self._scale)

    @property
    def _scale(self) -> Decimal:
        return Decimal(shown_facts(self.unit).scale)


class PublishedNumbers(_Part):
    """All published numbers, in the order of the file, and the sources that they name."""

    sources: dict[str, Source] = Field(default_factory=dict)
    published: tuple[Published, ...] = ()

    def on(self, suite: str) -> list[tuple[Published, list[Published]]]:
        """The numbers that a suite's results are judged by, each with its repetitions."""
        here = [entry for entry in self.published if entry.suite == suite]
        return [
            (entry, [other for other in here if other.repeats and other.question == entry.question])
            for entry in here
            if not entry.repeats
        ]


def load_published(path: Path = _PACKAGED) -> PublishedNumbers:
    """The published numbers of a file. UsageError names line and field; so for a source that is not listed, a second
    number for the same question, and a repetition of none."""
    found, mistake = load_yaml(path, TypeAdapter(PublishedNumbers), _FIX)
    judged: dict[tuple[object, ...], int] = {}
    for i, entry in enumerate(found.published):
        if entry.source not in found.sources:
            raise mistake(("published", i, "source"), f"{entry.source!r} is not among the sources")
        if not entry.repeats and judged.setdefault(entry.question, i) != i:
            raise mistake(("published", i), "answers what an earlier entry answers; mark one of them `repeats: true`")
    for i, entry in enumerate(found.published):
        if entry.question not in judged:
            raise mistake(("published", i, "repeats"), "there is no entry that it repeats")
    return found


def _last_digit(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # the pattern admits finite numbers only
    return Decimal(1).scaleb(exponent)


@dataclass(frozen=True)
class Verdict:
    """`by`: difference of the two means in the metric's unit, for "above" and "below"; `why` for "not comparable"."""

    kind: Kind
    by: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Answered:
    """A published number, others' repetitions of it, and the row that answers the same question.

    number : its source's place in the list below the page's table, from 1
    row : None while nothing on the board answers it
    measured : the row's mean in the number's metric; of an error the plain one, as papers print
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
        measured = _score(row, metric, board) if row and metric else None
        verdict = _verdict(entry, row, metric, measured)
        found.append(Answered(entry, source, number, repeats, row if measured else None, measured, metric, verdict))
    return replace(board, published=tuple(found))


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


def _score(row: Row, metric: MetricSpec, board: Board) -> Interval | None:
    return row.plain if metric == board.metric else row.extras.get(metric.name)
