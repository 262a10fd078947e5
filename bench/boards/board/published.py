"""What papers and other people's repetitions report for the suites. The numbers are in `published.yaml`:

margins:
  percent: {absolute: "1", why: "..."}
sources:
  maml: {title: "Finn et al. 2017, Table 1", url: "https://arxiv.org/abs/1703.03400", plus_minus: 95 %}
published:
  - {suite: omniglot-5w1s, algorithm: maml, value: "98.7", interval: "0.4", mode: transductive, source: maml}

Numbers stand in quotes as they were printed, because 48.70 says more than 48.7. Where a number was taken from another
paper's table, the title of its source says so.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from bench.boards.board.domain_facts import ShownUnit, shown_facts
from bench.boards.board.rows import Learner, baseline
from bench.yamlfile import load_yaml

_PACKAGED = Path(__file__).with_name("published.yaml")
_FIX = "fix: docs/reproduction/README.md says what an entry holds"

_Text = Annotated[str, StringConstraints(min_length=1, strict=True)]
_Printed = Annotated[str, StringConstraints(pattern=r"^-?\d+(\.\d+)?$", strict=True)]
PlusMinus = Annotated[str, StringConstraints(pattern=r"^(95 %|standard error|sd of ([2-9]|\d\d+) seeds|not stated)$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Margin(_Part):
    """The largest difference to a published number that does not matter, and why it is that much.

    absolute : in the unit that pages show
    relative : as a share of the published number; one of the two is given
    """

    absolute: _Printed | None = None
    relative: _Printed | None = None
    why: _Text

    @model_validator(mode="after")
    def _one_of_both(self) -> Margin:
        if (self.absolute is None) == (self.relative is None):
            raise ValueError("a margin is either absolute or relative")
        return self

    def around(self, entry: Published) -> float:
        """In the records' unit."""
        if self.relative is not None:
            return abs(entry.mean) * float(self.relative)
        return float(Decimal(self.absolute or "0") / entry.scale)


class Source(_Part):
    """Where a number was printed: paper and table, or a README.

    plus_minus : what its ± is. "95 %": half of an interval over test episodes; "sd of 3 seeds": a standard deviation
    episodes : how many test episodes a number without ± is the mean of, where that is known
    """

    title: _Text
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"]+$")]
    plus_minus: PlusMinus | None = None
    episodes: Annotated[int, Field(ge=2)] | None = None


class Published(_Part):
    """One printed number for one learner on one suite.

    algorithm : the baseline that is the learner; another learner's row is not it, whatever it is called
    options : options that the learner must have been run with to stand beside it
    metric : None is the metric that the suite is ranked by
    interval : the ± as printed, whose meaning its source has; None without one
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
        return float(Decimal(self.value) / self.scale)

    @property
    def half_digit(self) -> float:
        """Half a unit of the last printed digit, in the records' unit: how far rounding can have moved the number."""
        exponent = Decimal(self.value).as_tuple().exponent
        assert isinstance(exponent, int)  # the pattern admits finite numbers only
        return float(Decimal(1).scaleb(exponent) / 2 / self.scale)

    @property
    def scale(self) -> Decimal:
        """What the records' numbers are multiplied with to be shown."""
        return Decimal(shown_facts(self.unit).scale)


class PublishedNumbers(_Part):
    """All published numbers, in the order of the file, the sources that they name, the margins they are judged with."""

    margins: dict[ShownUnit, Margin] = Field(default_factory=dict)
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
    """The published numbers of a file. UsageError names line and field; so for a source that is not listed, a ± whose
    meaning its source does not have, a unit without a margin, a second number for the same question, and a repetition
    of none."""
    found, mistake = load_yaml(path, TypeAdapter(PublishedNumbers), _FIX)
    judged: dict[tuple[object, ...], int] = {}
    for i, entry in enumerate(found.published):
        if entry.source not in found.sources:
            raise mistake(("published", i, "source"), f"{entry.source!r} is not among the sources")
        if entry.interval and found.sources[entry.source].plus_minus is None:
            raise mistake(
                ("published", i, "interval"), f"the source {entry.source!r} has no `plus_minus` to read it by"
            )
        if entry.unit not in found.margins:
            raise mistake(("published", i, "unit"), f"there is no margin for {entry.unit}")
        if not entry.repeats and judged.setdefault(entry.question, i) != i:
            raise mistake(("published", i), "answers what an earlier entry answers; mark one of them `repeats: true`")
    for i, entry in enumerate(found.published):
        if entry.question not in judged:
            raise mistake(("published", i, "repeats"), "there is no entry that it repeats")
    return found
