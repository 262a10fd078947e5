"""Who is compared: rows of one suite (`bench.boards.selectors` finds them) with their scores on common episodes.

Boards take official runs only. A comparison takes any finished run, as long as all answered the same episodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.boards.admission import Admitted, load_run, other_episodes, turns
from bench.boards.rows import ALGORITHM_SEEDS, MetricSpec
from bench.boards.score import Classes, Matrix
from bench.boards.selectors import Group, groups, named, pick, with_seeds
from bench.errors import UsageError, unknown_name
from bench.records import Record, score_column


@dataclass(frozen=True)
class Contestant:
    """A row to compare: its runs' records, and float64 [seeds, episodes] of the metric asked for."""

    name: str
    records: tuple[Record, ...]
    scores: Matrix
    classes: Classes | None
    turns: int

    @property
    def record(self) -> Record:
        """What all runs of the row share."""
        return self.records[-1]

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(record.seed for record in self.records if record.seed is not None)

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


def find_contestants(
    roots: Sequence[Path], suite: str, asked: Sequence[str], metric: str | None, seeds: Sequence[int] | None
) -> tuple[list[Contestant], MetricSpec]:
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
    common = min(run.scores[spec.name].size for runs in loaded.values() for run in runs)
    return [_contestant(name, runs, spec.name, common) for name, runs in loaded.items()], spec


def _metric(record: Record, name: str | None) -> MetricSpec:
    known = {metric.name: metric for metric in record.metrics}
    if name is not None and name not in known:
        raise unknown_name("metric", name, known)
    metric = known[name] if name else record.metrics[0]
    return MetricSpec(metric.name, metric.unit, metric.higher_is_better, metric.ci_method == "bootstrap-t")


def _load(name: str, group: Group, metric: str) -> list[Admitted]:
    for run in group:
        if metric not in {m.name for m in run.record.metrics} or score_column(run.record, metric) is None:
            raise UsageError(f"{name} has no {metric}.", f"It has: {', '.join(m.name for m in run.record.metrics)}")
    return [load_run(run.store, run.path, run.record, run.record.episodes) for run in group]


def _contestant(name: str, runs: Sequence[Admitted], metric: str, episodes: int) -> Contestant:
    classes = runs[0].classes
    return Contestant(
        name=name,
        records=tuple(run.record for run in runs),
        scores=np.stack([run.scores[metric][:episodes] for run in runs]),
        classes=None if classes is None else classes[:episodes],
        turns=turns(runs[0].record),
    )
