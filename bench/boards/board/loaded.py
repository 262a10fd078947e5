"""Scores of runs as boards take them: those the record was written with, cut to a prefix, read when they are needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.boards.board.domain_facts import metric_spec
from bench.boards.board.ranking import Classes, Matrix
from bench.errors import StoreError
from bench.records import Record, RunStore, score_column
from bench.records.classes import ClassIds

_SHELF_BYTES = 128 << 20


@dataclass(frozen=True)
class Loaded:
    """A run's first scores.

    scores : metric name -> float64 [episodes]
    classes : int64 [episodes, way]; None for generated tasks
    floored : how many of these episodes scored the suite's floor
    """

    record: Record
    scores: dict[str, Matrix]
    classes: Classes | None
    floored: int

    @property
    def bytes(self) -> int:
        return sum(values.nbytes for values in self.scores.values())


def load_run(store: RunStore, path: Path, record: Record, episodes: int) -> Loaded:
    """A stored run with its first `episodes` scores; Mismatch or StoreError where they are not the record's."""
    stored = store.read_columns(path, record)
    columns: dict[str, Matrix] = {}
    for name, column in score_columns(record).items():
        columns[name] = np.array(stored[column][:episodes], dtype=np.float64)
        if columns[name].min() < 0 and _is_error(record, name):
            raise StoreError(f"negative {name}: an error is at least 0", "fix: score the run again")
    floored = int(stored["floored"][:episodes].sum()) if "floored" in stored else 0
    classes = _matrix(stored["classes"].first(episodes)) if "classes" in stored else None
    return Loaded(record, columns, classes, floored)


def _matrix(classes: ClassIds) -> Classes:
    if len(set(classes.lengths.tolist())) > 1:
        raise StoreError("episodes have different numbers of classes", "fix: score the run again")
    return classes.items.astype(np.int64).reshape(len(classes), -1)


def score_columns(record: Record) -> dict[str, str]:
    """The metrics of a record that its scores hold -> the column that does."""
    found = {metric.name: score_column(record, metric.name) for metric in record.metrics}
    return {name: column for name, column in found.items() if column}


def _is_error(record: Record, name: str) -> bool:
    return any(metric_spec(metric, record.suite).skewed for metric in record.metrics if metric.name == name)


@dataclass
class Shelf:
    """The scores that were read last: as many as a shelf holds, the others are read again when they are asked for.

    Class ids are the same for all runs of a suite that answered the same episodes, and held once.
    """

    _runs: OrderedDict[tuple[Path, str], Loaded] = field(default_factory=OrderedDict)
    _classes: dict[tuple[int, bytes], Classes] = field(default_factory=dict)
    _bytes: int = 0

    def load(self, store: RunStore, path: Path, record: Record, episodes: int) -> Loaded:
        """As `load_run`."""
        key = path, record.scores.sha256 if record.scores else ""
        if key in self._runs:
            self._runs.move_to_end(key)
            return self._runs[key]
        run = self._with_shared_classes(load_run(store, path, record, episodes))
        self._runs[key] = run
        self._bytes += run.bytes
        while self._bytes > _SHELF_BYTES and len(self._runs) > 1:
            self._bytes -= self._runs.popitem(last=False)[1].bytes
        return run

    def _with_shared_classes(self, run: Loaded) -> Loaded:
        if run.classes is None:
            return run
        key = run.classes.shape[1], run.classes.tobytes()
        if len(self._classes) > 8:
            self._classes.clear()
        return Loaded(run.record, run.scores, self._classes.setdefault(key, run.classes), run.floored)


@dataclass(frozen=True)
class Answers:
    """A run's scores, not necessarily read yet.

    columns : metric name -> the column of the scores that holds it
    """

    store: RunStore
    path: Path
    record: Record
    episodes: int
    shelf: Shelf
    columns: Mapping[str, str]

    def read(self) -> Loaded:
        return self.shelf.load(self.store, self.path, self.record, self.episodes)

    def identity(self, metrics: Sequence[str]) -> list[object]:
        """What the scores by these metrics are known by."""
        sha256 = self.record.scores.sha256 if self.record.scores else ""
        return [sha256, self.episodes, [[name, self.columns[name]] for name in metrics]]


def matrix(runs: Sequence[Answers], metric: str) -> Matrix:
    """float64 [runs, episodes]"""
    return np.stack([run.read().scores[metric] for run in runs])
