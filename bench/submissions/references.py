"""Who answers fresh episodes beside the entry: the reference it is measured against, and controls that sharpen that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.boards.board.rows import learner_of
from bench.boards.board.sources import as_newest
from bench.boards.compare.controls import Controls, find_controls, on_scale
from bench.errors import BenchError, UsageError
from bench.learners.contract import unfit
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from bench.records import Record
from bench.runs.build import build
from bench.submissions.container import opened
from bench.submissions.entry import read_entry
from bench.submissions.replay import Replay, Site, answered, replay
from bench.tasks.suites import Suite

Floats = npt.NDArray[np.float64]

MOST_CONTROLS = 3
_SECONDS = 60.0  # for the published episodes, by the record's clock; whoever took longer is no control


@dataclass(frozen=True)
class Answering:
    """Somebody who can answer fresh episodes, and their scores on the published ones."""

    name: str
    replay: Replay
    published: Floats

    def fresh(self, n: int, batch: int, stream: int) -> Floats:
        return values(self.replay.record, self.replay.block(0, n, batch, stream))


def values(record: Record, scores: pd.DataFrame) -> Floats:
    """Scores of the ranked metric as they are compared: logarithms of errors, means of blocks."""
    return on_scale(scores["score"].to_numpy(dtype=np.float64), record, record.metrics[0].name)


def default_reference(suite: Suite) -> str:
    """A learner without training, so that it is there for every suite."""
    if not suite.domain.references:
        raise UsageError(f"{suite.kind} has no reference of its own.", "Name a learner without training: --reference")
    return Path(suite.domain.references[-1]).stem


def find_reference(name: str, ready: Replay, site: Site, n: int) -> Answering:
    """The reference: a stored run, or a learner without training, which answers n published episodes here and now."""
    suite = ready.prepared.suite
    if "/" in name or name.endswith(".zip"):
        with opened(Path(name)) as folder:
            stored = read_entry(folder)
            if stored.record.suite.manifest_sha256 != ready.record.suite.manifest_sha256:
                raise UsageError(f"{name} was measured on other episodes.", f"Choose a run on {suite.name}.")
            again = replay(stored, _own(site))
            return Answering(stored.record.algorithm.name, again, values(stored.record, stored.scores()))
    info = find_learner(name)
    learner = load(info)
    if learner.trains or unfit(learner, ready.prepared.spec):
        raise UsageError(
            f"{name} can't be the reference on {suite.name}: it needs training, or skips such suites.",
            "Give a stored run with its checkpoint: --reference leaderboards/results/SUITE/ALGO/KEY",
        )
    options = resolve_options(learner, {})
    built = build(learner, options, ready.prepared, None, "loop", None)
    algorithm = ready.record.algorithm.model_copy(update={"name": name, "origin": info.origin})
    record = ready.record.model_copy(update={"algorithm": algorithm, "precision": "fp32"})
    other = Replay(record, built, ready.prepared, ready.exact, (), answered(info, options))
    return Answering(name, other, values(record, other.block(0, n, max(1, record.timing.batch))))


def find_answering(
    roots: Sequence[Path], ready: Replay, reference: Answering, episodes: int, site: Site
) -> list[Answering]:
    """The first controls (`bench.boards.compare.controls`) that can answer soon, and as they answered the others."""
    record, not_again = ready.record, [learner_of(reference.replay.record)]
    found = find_controls(roots, record, record.metrics[0].name, more_than=episodes - 1, also_not=not_again)
    return list(islice(_able(found, site), MOST_CONTROLS)) if found else []


def _able(found: Controls, site: Site) -> Iterator[Answering]:
    for control, scores in zip(found.known, found.scores.T, strict=True):
        seconds = control.record.timing.eval_s
        if seconds is None or seconds > _SECONDS:
            continue
        try:
            again = replay(read_entry(control.path), _own(site))
        except BenchError:  # its weights or its code are not here
            continue
        if _as_published(control.record, again):
            yield Answering(control.learner.name, again, scores)


def _as_published(record: Record, again: Replay) -> bool:
    """Is the source that answers the one that ran, or one that gave the same answers?"""
    source = again.answered.source_sha256
    return as_newest(record, {learner_of(record): source}).record.algorithm.source_sha256 == source


def _own(site: Site) -> Site:
    """Submitted code and weights are the entry's only."""
    return Site(site.device, site.data_dir, site.tasks_file)
