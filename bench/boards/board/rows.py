"""What a board is made of: rows (runs of one learner, set up one way, over its seeds) and the runs left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from bench.stats import Interval, Rank, TopShare

if TYPE_CHECKING:
    from bench.boards.board.answered import Answered
    from bench.records import PublishedWeights, Record

OFFICIAL_EPISODES = 2_000  # statistics are over exactly this prefix of a suite's test episodes
ALGORITHM_SEEDS = 3  # from here on a row speaks of the algorithm, below of the checkpoints it has

UNPINNED = "unpinned"  # nothing says that others are asked the same: `bench pin`
OLDER_SOURCE, OLDER_RECIPE = "older source", "older recipe"  # flags of rows that have a successor
SAW_TEST_CLASSES = "saw test classes"  # flag of rows whose score says nothing about new classes (`records.exposure`)

_FOLDERS = re.compile(r"^.*[/\\](?=[^/\\]+\.py:\w+$)")  # of a loose class: the path that somebody typed

Section = Literal["inductive", "external data", "transductive", "authors' weights"]
AUTHORS: Section = "authors' weights"  # nobody here trained: beside the rows of trainings, never among them
SECTIONS: tuple[Section, ...] = ("inductive", "external data", "transductive", AUTHORS)


class Learner(NamedTuple):
    """Who a learner is: where its code comes from. The name alone is a label that anybody's code can carry."""

    name: str
    origin: str

    @property
    def is_baseline(self) -> bool:
        return self == baseline(self.name)

    @property
    def place(self) -> str:
        """The origin as short as it stays clear: `lin.py:Lin`, `package.module:Class`."""
        return self.origin.removeprefix("entry point: ")

    def __str__(self) -> str:
        """Names belong to baselines; whoever else is called something says where it comes from."""
        return self.name if self.is_baseline else f"{self.name} ({self.place})"


def baseline(name: str) -> Learner:
    """The learner that ships with bench under this name, and no other one that is called so."""
    return Learner(name, f"baselines/{name}.py")


def learner_of(record: Record) -> Learner:
    """The learner that a record names. A loose file is the same file whatever path to it was typed.

    A record of `./here/lin.py:Lin` is one of `lin.py:Lin`.
    """
    return Learner(record.algorithm.name, _FOLDERS.sub("", record.algorithm.origin))


@dataclass(frozen=True)
class MetricSpec:
    """A metric as the records name it; `fraction` is shown in percent.

    skewed : an error, none negative, with a long tail: ranked and compared on logarithms
    per_unit : consecutive episodes of the suite that may resemble each other: intervals, tests and ranks count their
        means
    """

    name: str
    unit: str
    higher_is_better: bool
    skewed: bool = False
    per_unit: int = 1


@dataclass(frozen=True)
class Speed:
    """Evaluation speed in episodes per second: the median of the row's runs that `bench time` measured, undisturbed, on
    one hardware class. What a run itself clocks shares the machine with whatever else goes on."""

    episodes_per_s: float
    hardware_class: str


@dataclass(frozen=True)
class Cost:
    """Mean wall-clock seconds of one seed's meta-training, and on what."""

    train_s: float
    device: str


@dataclass(frozen=True)
class ErrorSummary:
    """What the mean of an error does not say: where most episodes lie, and how much of it a few carry.

    geometric : geometric mean with its interval
    median : over all seeds and episodes
    top : the share of the mean that the largest hundredth of the episodes carries
    """

    geometric: Interval
    median: float
    top: TopShare


@dataclass(frozen=True)
class Row:
    """One learner with one recipe, options and precision on one suite: every seed there is, on the same episodes.

    score : the number that ranks: mean of the ranked metric over the official prefix and all seeds, of an error the
        geometric mean
    score_label : what the interval covers
    plain : mean of the ranked metric, the score itself unless that is an error
    new_classes : the open interval of the score where it is materially wider than the closed one
    delta : score minus the board's reference on the same episodes, of an error their ratio; None for the reference
        itself, or without one
    weights : whose training it was, where nobody here trained
    rank : place among the ranked rows of its section, None for a row that is not ranked (see `ranked`)
    extras : means of further metrics by name
    errors : of every metric that is an error, the ranked one too
    gap : paired distance to the best bound on the board, in the ranked metric's unit, >= 0 where the bound holds; of an
        error the ratio to it, >= 1
    flags : what a reader must know before comparing: "older source", "seed 2 failed", ...
    cautions : what the row's own numbers say against themselves (see `board.number_cautions`)
    source_sha256 : the source that the row speaks for; `made_with` are those that ran, others only where carried over
    verified : the verification level that all of its runs have passed (see `board.levels`)
    carried_over : how the runs of other sources were carried over (see `board.sources`), () where there are none
    """

    section: Section
    learner: Learner
    title: str
    family: str
    privileged: str
    trains: bool
    recipe: str
    options: tuple[tuple[str, str], ...]
    overrides: tuple[tuple[str, str], ...]
    precision: str
    transductive: bool
    seeds: tuple[int, ...]
    score: Interval
    score_label: str
    plain: Interval
    extras: dict[str, Interval]
    errors: dict[str, ErrorSummary]
    gap: Interval | None
    parameters: int | None
    cost: Cost | None
    speed: Speed | None
    n_configs_tried: int
    flags: tuple[str, ...]
    cautions: tuple[str, ...]
    source_sha256: str
    made_with: tuple[str, ...]
    verified: str
    carried_over: tuple[str, ...]
    bench_versions: tuple[str, ...]
    commands: tuple[str, ...]
    keys: tuple[str, ...]
    new_classes: Interval | None = None
    delta: Interval | None = None
    rank: Rank | None = None
    weights: PublishedWeights | None = None

    @property
    def algorithm(self) -> str:
        """What the learner is called."""
        return self.learner.name

    @property
    def superseded(self) -> bool:
        """A later source or recipe of the same learner is on a board."""
        return bool({OLDER_SOURCE, OLDER_RECIPE} & set(self.flags))

    @property
    def ranked(self) -> bool:
        """Does the row compete? Bounds, checkpoints, older sources and learners that saw the test classes don't."""
        return not self.label and not self.superseded and SAW_TEST_CLASSES not in self.flags

    @property
    def label(self) -> str:
        """What kind of row this is, "" for an algorithm with enough seeds or nothing to train."""
        if self.privileged:
            return f"bound: knows {self.privileged}"
        if self.weights is not None:
            return "authors' checkpoint"
        if self.trains and len(self.seeds) < ALGORITHM_SEEDS:
            return "checkpoint" if len(self.seeds) < 2 else f"{len(self.seeds)} checkpoints"
        return ""


@dataclass(frozen=True)
class LeftOut:
    """A run that is stored but not on the board, and why. `key` is the run's directory name.

    learner : as a board writes it; of a damaged run the folder it lies in
    """

    learner: str
    recipe: str
    seed: int | None
    key: str
    reason: str


@dataclass(frozen=True)
class Board:
    """Everything one suite's page shows, in the order it shows it. `metric` is None while no run is admitted.

    published : the published numbers for the suite with what was measured (see `board.answered`)
    """

    suite: str
    version: int | None = None
    kind: str = ""
    manifest_sha256: str = ""
    data_fingerprint: str | None = None
    data_source: str | None = None
    metric: MetricSpec | None = None
    extra_metrics: tuple[MetricSpec, ...] = ()
    bound: str = ""  # the bound that gaps are measured to, "" without one
    reference: str = ""  # the learner that deltas are measured to, "" while it has not been measured
    rows: tuple[Row, ...] = ()
    published: tuple[Answered, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def section(self, name: Section) -> tuple[Row, ...]:
        """The rows of one section, best first."""
        return tuple(row for row in self.rows if row.section == name)


def seeds_text(seeds: Sequence[int]) -> str:
    """Seeds as people write them.

    >>> seeds_text([0, 1, 2]), seeds_text([0, 2, 3]), seeds_text([7])
    ('0-2', '0, 2-3', '7')
    """
    spans: list[list[int]] = []
    for seed in sorted(seeds):
        if spans and seed == spans[-1][-1] + 1:
            spans[-1].append(seed)
        else:
            spans.append([seed])
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
