"""Which learners sharpen another one's mean (`bench.stats.control_variates`): a rule that never looks at its scores.

A control is a finished run at full budget on the same version, episodes and data of the suite, by another learner: no
other seed, option, recipe or source of the one that is measured, because what these share is chance of its training,
which the interval must not take for ease of the episodes. Bounds count: how hard an episode is, an oracle knows best.

* One run a learner: default options before others, then the lowest seed, then the one that finished first.
* The stream is as long as `ENOUGH` of them have answered it, or, where there are fewer, the longest one.
* Learners that follow the others most closely over the stream come first (mean absolute correlation).
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.boards.board.admission import other_episodes
from bench.boards.board.domain_facts import metric_spec
from bench.boards.board.ranking import Matrix, compared_values
from bench.boards.board.rows import Learner, MetricSpec, learner_of
from bench.errors import Mismatch, StoreError
from bench.records import Record, RunStore, each_run, score_column

ENOUGH = 3  # learners: what a fourth one adds is little beside what more episodes add


@dataclass(frozen=True)
class Known:
    """A control: who, and where its run lies."""

    learner: Learner
    store: RunStore
    path: Path
    record: Record


@dataclass(frozen=True)
class Controls:
    """Controls in order of preference, and their scores over the stream.

    scores : float64 [units, controls], as `on_scale` has them
    """

    known: tuple[Known, ...]
    scores: Matrix

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(control.learner.name for control in self.known)


def find_controls(
    roots: Sequence[Path], record: Record, metric: str, more_than: int, also_not: Collection[Learner] = ()
) -> Controls | None:
    """Controls for the learner of a record, on its suite; None where nobody has answered more episodes.

    Parameters
    ----------
    roots : directories of records
    metric : of the record, and so of the controls
    more_than : episodes that a control must have answered more than
    also_not : further learners that are no controls

    Runs whose scores can't be read, or are not those of their record, are no controls.
    """
    measured = {learner_of(record), *also_not}
    found: list[tuple[Known, Matrix]] = []
    for control in one_a_learner(candidates(roots, record, metric, more_than), measured):
        with contextlib.suppress(Mismatch, StoreError):
            found.append((control, read_scores(control.store, control.path, control.record, metric)))
    if not found:
        return None
    lengths = sorted((values.size for _, values in found), reverse=True)
    units = lengths[ENOUGH - 1] if len(lengths) >= ENOUGH else lengths[0]
    found = [(control, values[:units]) for control, values in found if values.size >= units]
    scores = np.stack([values for _, values in found], axis=1)
    order = _closest_first(scores)
    return Controls(tuple(found[i][0] for i in order), scores[:, order])


def read_scores(store: RunStore, path: Path, record: Record, metric: str) -> Matrix:
    """A run's scores by one of its metrics, float64 [units], as `on_scale` has them.

    Errors: Mismatch or StoreError where they can't be read, or are not the record's.
    """
    column = store.read_scores(path, record)[score_column(record, metric)]
    return on_scale(column.to_numpy(dtype=np.float64), record, metric)


def on_scale(scores: Matrix, record: Record, metric: str) -> Matrix:
    """Scores as they are compared: errors with a long tail as logarithms, all others as they are; means of units.

    scores : float64 [episodes]; returns [units]
    """
    return compared_values(scores, spec_of(record, metric))


def spec_of(record: Record, metric: str) -> MetricSpec:
    """One of a record's metrics, by its name."""
    return metric_spec(next(known for known in record.metrics if known.name == metric), record.suite)


def candidates(roots: Sequence[Path], record: Record, metric: str, more_than: int) -> Iterator[Known]:
    for store, run in each_run(roots, record.suite.name):
        other = run.record
        if (
            other is not None
            and other.status == "ok"
            and other.metrics
            and other.budget == "full"
            and other.episodes > more_than
            and not other_episodes(other, record)
            and score_column(other, metric) is not None
        ):
            yield Known(learner_of(other), store, run.path, other)


def one_a_learner(candidates: Iterator[Known], measured: Collection[Learner]) -> Iterator[Known]:
    """One run of each learner, by name; whoever shares a name with the measured ones may be the same learner moved."""
    taken = {learner.name for learner in measured} | {learner.origin for learner in measured}
    for control in sorted(candidates, key=_preference):
        if not {control.learner.name, control.learner.origin} & taken:
            taken |= {control.learner.name, control.learner.origin}
            yield control


def _preference(control: Known) -> tuple[str, bool, int, str, str]:
    record = control.record
    seed = -1 if record.seed is None else record.seed
    return control.learner.name, bool(record.algorithm.overrides), seed, record.finished, record.key


def _closest_first(scores: Matrix) -> list[int]:
    """The order of columns by mean absolute correlation with the others; a constant one has none."""
    centred = scores - scores.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(norms > 0.0, norms, np.inf)
    closeness = np.abs(unit.T @ unit).sum(axis=0) - (norms > 0.0)
    return sorted(range(scores.shape[1]), key=lambda j: (-round(float(closeness[j]), 6), j))  # no order by rounding
