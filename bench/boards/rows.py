"""What a board is made of: rows (runs of one learner, set up one way, over its seeds) and the runs left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.stats import Difference, Interval, Rank

if TYPE_CHECKING:
    from bench.boards.beside import Beside

OFFICIAL_EPISODES = 2_000  # statistics are over exactly this prefix of a suite's test episodes
ALGORITHM_SEEDS = 3  # from here on a row speaks of the algorithm, below of the checkpoints it has

OLDER_SOURCE, OLDER_RECIPE = "older source", "older recipe"  # flags of rows that have a successor
CONFIRMED = "confirmed for newer source"  # flag of rows whose successor answered the same (see `boards.sources`)

# Named before anybody looked: what a row's delta is measured against, by kind of suite. Of several names the first that
# the board has: Gittins indices solve bandits and have no answer to other environments.
REFERENCES = {
    "classification": ("nearest_centroid",),
    "regression": ("chance",),
    "exploration": ("gittins", "random_policy"),
}

Section = Literal["inductive", "external data", "transductive"]
SECTIONS: tuple[Section, ...] = ("inductive", "external data", "transductive")


@dataclass(frozen=True)
class MetricSpec:
    """A metric as the records name it; `fraction` is shown in percent. `skewed`: its intervals are bootstrap-t."""

    name: str
    unit: str
    higher_is_better: bool
    skewed: bool = False


@dataclass(frozen=True)
class Speed:
    """Evaluation speed in episodes per second: the median of the row's uncontended runs on one hardware class."""

    episodes_per_s: float
    hardware_class: str


@dataclass(frozen=True)
class Cost:
    """Mean wall-clock seconds of one seed's meta-training, and on what."""

    train_s: float
    device: str


@dataclass(frozen=True)
class Row:
    """One learner with one recipe, options and precision on one suite: every seed there is, on the same episodes.

    score : ranked metric over the official prefix, averaged over seeds
    score_label : what the interval covers
    new_classes : the open interval of the score where it is materially wider than the closed one
    delta : score minus the board's reference on the same episodes; None for the reference itself, or without one
    rank : place among the ranked rows of its section, None for a row that is not ranked (see `ranked`)
    extras : further metrics by name
    gap : paired distance to the best bound on the board, in the ranked metric's unit, >= 0 where the bound holds
    flags : what a reader must know before comparing: "older source", "seed 2 failed", ...
    source_sha256 : the source that the row speaks for; `made_with` are those that ran, others only where confirmed
    """

    section: Section
    algorithm: str
    origin: str
    title: str
    family: str
    knows: str
    trains: bool
    recipe: str
    options: tuple[tuple[str, str], ...]
    overrides: tuple[tuple[str, str], ...]
    precision: str
    transductive: bool
    seeds: tuple[int, ...]
    score: Interval
    score_label: str
    extras: dict[str, Interval]
    gap: Interval | None
    parameters: int | None
    cost: Cost | None
    speed: Speed | None
    n_configs_tried: int
    flags: tuple[str, ...]
    source_sha256: str
    made_with: tuple[str, ...]
    bench_versions: tuple[str, ...]
    commands: tuple[str, ...]
    keys: tuple[str, ...]
    new_classes: Interval | None = None
    delta: Difference | None = None
    rank: Rank | None = None

    @property
    def superseded(self) -> bool:
        """A later source or recipe of the same name is on a board."""
        return bool({OLDER_SOURCE, OLDER_RECIPE} & set(self.flags))

    @property
    def ranked(self) -> bool:
        """Does the row compete? Bounds, checkpoints and older sources stand beside the others without a rank."""
        return not self.label and not self.superseded

    @property
    def label(self) -> str:
        """What kind of row this is, "" for an algorithm with enough seeds or nothing to train."""
        if self.knows:
            return f"bound: knows {self.knows}"
        if self.trains and len(self.seeds) < ALGORITHM_SEEDS:
            return "checkpoint" if len(self.seeds) < 2 else f"{len(self.seeds)} checkpoints"
        return ""


@dataclass(frozen=True)
class LeftOut:
    """A run that is stored but not on the board, and why. `key` is the run's directory name."""

    algorithm: str
    recipe: str
    seed: int | None
    key: str
    reason: str


@dataclass(frozen=True)
class Board:
    """Everything one suite's page shows, in the order it shows it. `metric` is None while no run is admitted.

    beside : the published numbers for the suite with what was measured (see `boards.beside`)
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
    reference: str = ""  # the row that deltas are measured to, "" while it has not been measured
    rows: tuple[Row, ...] = ()
    beside: tuple[Beside, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def section(self, name: Section) -> tuple[Row, ...]:
        """The rows of one section, best first."""
        return tuple(row for row in self.rows if row.section == name)
