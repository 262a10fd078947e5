"""Who is compared: rows of one suite (`compare.selectors` finds them) with their scores on common episodes, and what
their comparison must not be taken for.

Boards take official runs only. A comparison takes any finished run, as long as all answered the same episodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.boards.board.admission import other_episodes
from bench.boards.board.domain_facts import ids_per_class, metric_spec
from bench.boards.board.loaded import Loaded, load_run
from bench.boards.board.number_cautions import ceiling_passed
from bench.boards.board.ranking import Classes, Matrix, compared_values
from bench.boards.board.rows import ALGORITHM_SEEDS, OFFICIAL_EPISODES, MetricSpec
from bench.boards.compare.selectors import Group, groups, named, pick, with_seeds
from bench.errors import UsageError, unknown_name
from bench.records import Record, exposure, score_column


@dataclass(frozen=True)
class Compared:
    """A row to compare: its runs' records, and their scores by the metric asked for.

    measured : float64 [seeds, episodes], the scores as they are in the records
    scores : float64 [seeds, units], what they are compared by (see `compared_values`)
    """

    name: str
    records: tuple[Record, ...]
    measured: Matrix
    scores: Matrix
    classes: Classes | None
    ids_per_class: int

    @property
    def record(self) -> Record:
        """What all runs of the row share."""
        return self.records[-1]

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(record.seed for record in self.records if record.seed is not None)

    @property
    def episodes(self) -> int:
        return int(self.measured.shape[1])

    @property
    def trains(self) -> bool:
        return self.record.algorithm.trains

    @property
    def checkpoints(self) -> bool:
        """Trained, but with too few seeds to speak of the algorithm."""
        return self.trains and len(self.records) < ALGORITHM_SEEDS

    @property
    def mode(self) -> str:
        return "transductive" if self.record.protocol.transductive else "inductive"


def find_compared(
    roots: Sequence[Path], suite: str, asked: Sequence[str], metric: str | None, seeds: Sequence[int] | None
) -> tuple[list[Compared], MetricSpec]:
    """The rows asked for, cut to their common episodes, and the metric they are compared by.

    Errors: UsageError for unknown or ambiguous names, for runs that answered other episodes or lack the metric or a
    seed; Mismatch where scores are not those of their record.
    """
    rows = groups(roots, suite)
    picked: list[Group] = []
    for text in asked:
        group = with_seeds(pick(text, rows, suite), text, seeds)
        if any(group[-1].record.key == other[-1].record.key for other in picked):
            raise UsageError(f"{text!r} names a row that is compared already.", "Name each row once.")
        picked.append(group)
    chosen = named(picked)
    newest = max((run.record for group in chosen.values() for run in group), key=lambda record: record.finished)
    for name, group in chosen.items():
        if reason := other_episodes(group[-1].record, newest):
            raise UsageError(f"{name} can't be compared: {reason}.", "Run it again on the suite's present version.")
    spec = _metric(newest, metric)
    loaded = {name: _load(name, group, spec.name) for name, group in chosen.items()}
    common = _whole_units(min(run.scores[spec.name].size for runs in loaded.values() for run in runs), spec)
    return [_compared(name, runs, spec, common) for name, runs in loaded.items()], spec


def cautions(found: Sequence[Compared], metric: MetricSpec, seeds: Sequence[int] | None) -> Iterator[str]:
    """One sentence per reason for care, none for a clean comparison of algorithms."""
    if few := [f"{c.name} ({len(c.records)})" for c in found if c.checkpoints]:
        yield (
            f"Checkpoints, not algorithms: {', '.join(few)} with fewer than {ALGORITHM_SEEDS} seeds. Intervals and "
            "p-values speak of these trainings; other seeds may turn them around."
        )
    if len({c.mode for c in found}) > 1:
        seeing = ", ".join(c.name for c in found if c.mode == "transductive")
        yield f"Inductive and transductive learners are mixed: {seeing} may look at all queries of an episode at once."
    external = [c.name for c in found if exposure(c.record) != "train split"]
    if 0 < len(external) < len(found):
        yield f"Not the same training data: {', '.join(external)} saw data beyond the suite's."
    if seen := [c.name for c in found if exposure(c.record) == "test classes"]:
        yield f"No few-shot results: {', '.join(seen)} saw the test classes before, or may have."
    if oracles := [f"{c.name} knows {c.record.algorithm.privileged}" for c in found if c.record.algorithm.privileged]:
        yield f"Bounds, not competitors: {'; '.join(oracles)}."
    if short := [f"{c.name} ({c.record.budget})" for c in found if c.trains and c.record.budget != "full"]:
        yield f"Not trained to the end: {', '.join(short)}."
    if not all(record.suite.pinned for c in found for record in c.records):
        yield "Unpinned: the episodes or the data are not those pinned for the suite."
    if (episodes := found[0].episodes) < OFFICIAL_EPISODES:
        yield f"{episodes:,} common episodes; boards take {OFFICIAL_EPISODES:,}."
    if floored := [c.name for c in found if any(m.floored for r in c.records for m in r.metrics[:1])]:
        yield f"Some episodes of {', '.join(floored)} scored the suite's floor: their predictions were not finite."
    ceilings = {c.name: ceiling_passed(float(c.scores.mean()), metric) for c in found}
    if high := [name for name, ceiling in ceilings.items() if ceiling]:
        yield f"Above {ceilings[high[0]]}: the intervals and p-values of {', '.join(high)} may promise too much."
    if seeds is not None:
        yield "Seeds were chosen with --seeds; a board uses all there are."


def _metric(record: Record, name: str | None) -> MetricSpec:
    known = {metric.name: metric for metric in record.metrics}
    if name is not None and name not in known:
        raise unknown_name("metric", name, known)
    return metric_spec(known[name] if name else record.metrics[0], record.suite)


def _whole_units(episodes: int, metric: MetricSpec) -> int:
    """The largest prefix without a part of a unit."""
    if episodes < 2 * metric.per_unit:
        raise UsageError(
            f"Expected at least {2 * metric.per_unit} common episodes, two blocks; found {episodes}.",
            "Score more episodes (--episodes).",
        )
    return episodes - episodes % metric.per_unit


def _load(name: str, group: Group, metric: str) -> list[Loaded]:
    for run in group:
        if metric not in {m.name for m in run.record.metrics} or score_column(run.record, metric) is None:
            raise UsageError(f"{name} has no {metric}.", f"It has: {', '.join(m.name for m in run.record.metrics)}")
    return [load_run(run.store, run.path, run.record, run.record.episodes) for run in group]


def _compared(name: str, runs: Sequence[Loaded], metric: MetricSpec, episodes: int) -> Compared:
    classes = runs[0].classes
    measured = np.stack([run.scores[metric.name][:episodes] for run in runs])
    return Compared(
        name=name,
        records=tuple(run.record for run in runs),
        measured=measured,
        scores=compared_values(measured, metric),
        classes=None if classes is None else classes[:episodes],
        ids_per_class=ids_per_class(runs[0].record.suite),
    )
