"""What papers and other people's repetitions report for the suites: `references.yaml`.

sources:
  maml: {title: "Finn et al. 2017, Table 1", url: "https://arxiv.org/abs/1703.03400"}
published:
  - {suite: omniglot-5w1s, algorithm: maml, value: "98.7", interval: "0.4", mode: transductive, source: maml}

Numbers stand in quotes as they were printed, because 48.70 says more than 48.7. Where a number was taken from another
paper's table, the title of its source says so.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from bench.yamlfile import load_yaml

_PACKAGED = Path(__file__).with_name("references.yaml")
_FIX = "fix: docs/reproduction.md says what an entry holds"

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
    unit: Literal["percent", "squared target unit", "nats per target point", "reward per trial"] = "percent"
    mode: Literal["inductive", "transductive"]
    source: _Text
    differences: tuple[_Text, ...] = ()
    not_comparable: _Text | None = None
    repeats: bool = False

    @property
    def question(self) -> tuple[object, ...]:
        """What the number answers: a paper's number and its repetitions share it."""
        options = tuple(sorted((name, str(value)) for name, value in self.options.items()))
        return self.suite, self.algorithm, options, self.metric, self.mode

    @property
    def mean(self) -> float:
        """In the records' unit: percent become fractions."""
        return float(Decimal(self.value) * self._scale)

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends of the printed interval, or of the numbers that round to the printed one; in the records' unit."""
        value = Decimal(self.value)
        half = Decimal(self.interval) if self.interval else _last_digit(value) / 2
        return float((value - half) * self._scale), float((value + half) * self._scale)

    @property
    def _scale(self) -> Decimal:
        return Decimal("0.01") if self.unit == "percent" else Decimal(1)


class References(_Part):
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


def load_references(path: Path = _PACKAGED) -> References:
    """The published numbers of a file. UsageError names line and field; so for a source that is not listed, a second
    number for the same question, and a repetition of none."""
    found, mistake = load_yaml(path, TypeAdapter(References), _FIX)
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
