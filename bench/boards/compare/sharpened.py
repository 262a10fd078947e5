"""A run's mean, or the difference of two, sharpened by what other learners scored on the same episodes and on more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.boards.board.domain_facts import episodes_per_unit
from bench.boards.board.ranking import Matrix, shown
from bench.boards.board.rows import learner_of
from bench.boards.compare.controls import find_controls, read_scores, spec_of
from bench.records import Metric, Record, RunStore
from bench.stats import Interval, control_variates

WORTH_SAYING = 1.05  # of the variance ratio


@dataclass(frozen=True)
class SharpenedRun:
    """The ranked metric's mean, plain and sharpened, in the record's unit.

    plain, sharpened : of the mean; of the geometric mean for errors, whose se and sd are of the logarithm
    geometric : are they of the geometric mean?
    controls : who sharpened
    episodes : of the stream that these have answered
    variance_ratio : how many times as many episodes the sharpened mean is worth (for errors: on the log scale)
    """

    metric: Metric
    plain: Interval
    sharpened: Interval
    geometric: bool
    controls: tuple[str, ...]
    episodes: int
    variance_ratio: float


def sharpened_run(roots: Sequence[Path], store: RunStore, path: Path, record: Record) -> SharpenedRun | None:
    """The run's mean over endless episodes from this pool, sharpened; None where that has nothing to add.

    roots : directories of records that may hold controls; errors as `find_controls`
    """
    if record.status != "ok" or not record.metrics:
        return None
    metric, per_unit = record.metrics[0], episodes_per_unit(record.suite)
    if record.episodes < 2 * per_unit:
        return None
    controls = find_controls(roots, record, metric.name, more_than=record.episodes)
    if controls is None:
        return None
    found = control_variates(read_scores(store, path, record, metric.name), controls.scores)
    if found.variance_ratio < WORTH_SAYING:
        return None
    spec = spec_of(record, metric.name)
    plain, sharpened = shown(found.plain, spec), shown(found.sharpened, spec)
    used = tuple(controls.names[j] for j in found.controls)
    return SharpenedRun(metric, plain, sharpened, spec.skewed, used, per_unit * found.episodes, found.variance_ratio)


@dataclass(frozen=True)
class SharpenedDifference:
    """What other learners leave unexplained of a difference, as a share of its variance per episode."""

    unexplained: float
    controls: tuple[str, ...]
    episodes: int

    @property
    def text(self) -> str:
        return f"{', '.join(self.controls)} over {self.episodes:,} episodes"


def sharpened_difference(
    roots: Sequence[Path], records: tuple[Record, Record], differences: Matrix, metric: str
) -> SharpenedDifference | None:
    """For one training of each of two learners; None where others explain next to nothing.

    records : of both; neither of the two learners is a control
    differences : float64 [units], a prefix of the suite's; errors as `find_controls`
    """
    first, second = records
    per_unit = episodes_per_unit(first.suite)
    controls = find_controls(roots, first, metric, per_unit * differences.size - 1, also_not=[learner_of(second)])
    if controls is None:
        return None
    found = control_variates(differences, controls.scores)
    unexplained = (found.sharpened.sd / found.plain.sd) ** 2 if found.plain.sd else 1.0
    if unexplained * WORTH_SAYING > 1.0:
        return None
    return SharpenedDifference(unexplained, tuple(controls.names[j] for j in found.controls), per_unit * found.episodes)
