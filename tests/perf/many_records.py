"""Thousands of plausible records quickly, for tests and measurements of what reads them:

    python -m tests.perf.many_records DIR --records 10000 [--episodes 2000] [--suites 16]

Suites are those of tasks.yaml with pinned manifests. Learners are invented, with three seeds each; the first stands
where boards look for a reference. Scores differ from run to run and hash to what their record says. Nothing is synced
to the disk.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.records import Record
from bench.records.files import RECORD, record_bytes
from bench.records.store import RECIPE, SCORES, stored_scores
from bench.tasks.registry import all_suites
from bench.tasks.suites import Suite
from tests.records.factory import make_record, metric

SEEDS = (0, 1, 2)
_QUERIES = 75
_RECIPE = (
    b"batch: 16\nclip: 10.0\nlr: 0.001\noptimiser: adam\noptions:\n  hidden: 64\nschedule: constant\nsteps: 60000\n"
)


@dataclass(frozen=True)
class Made:
    """One suite's share: its definition, the episodes' own difficulty, and the classes that they draw."""

    suite: Suite
    ease: np.ndarray  # float64 [episodes]
    classes: list[np.ndarray]  # of int32 [way], the same for every run


def make(root: Path, records: int, episodes: int = 2000, suites: int = 16) -> None:
    """Write so many records below `root`, spread evenly over `suites` suites of all kinds."""
    for record, scores in _runs(records, episodes, suites):
        folder = root / record.suite.name / record.algorithm.name / record.key
        folder.mkdir(parents=True)
        (folder / SCORES).write_bytes(stored_scores(folder, record, scores))
        (folder / RECIPE).write_bytes(_RECIPE)
        (folder / RECORD).write_bytes(record_bytes(record))


def _runs(records: int, episodes: int, suites: int) -> Iterator[tuple[Record, pd.DataFrame]]:
    pinned = [suite for suite in all_suites().values() if suite.pin]
    pinned = [pinned[i * len(pinned) // suites] for i in range(suites)]
    rng = np.random.default_rng(0)
    made = [_made(suite, episodes, rng) for suite in pinned]
    for i in range(records):
        here, number = made[i % len(made)], i // len(made)
        learner, seed = divmod(number, len(SEEDS))
        yield _run(here, learner, seed, rng)


def _made(suite: Suite, episodes: int, rng: np.random.Generator) -> Made:
    way = getattr(suite.task, "way", None)
    classes = [rng.permutation(64)[:way].astype(np.int32) for _ in range(episodes)] if way else []
    return Made(suite, rng.normal(0.0, 0.5, episodes), classes)


def _run(here: Made, learner: int, seed: int, rng: np.random.Generator) -> tuple[Record, pd.DataFrame]:
    suite, n = here.suite, len(here.ease)
    skill = 0.02 * learner + rng.normal(0.0, 0.05)
    frame: dict[str, Any] = {"episode": np.arange(n)}
    metrics = []
    if here.classes:
        p = 1 / (1 + np.exp(-(1.0 + skill + here.ease)))
        frame["n_correct"] = rng.binomial(_QUERIES, p).astype(np.int32)
        frame["score"] = frame["n_correct"] / _QUERIES
        frame["classes"] = here.classes
    else:
        frame["score"] = np.exp(here.ease + rng.normal(0.0, 0.5, n) - skill)
    ranked = suite.domain.metric(suite.metric)
    metrics.append(metric(suite.metric, ranked.unit, ranked.higher_is_better, frame["score"]))
    if suite.kind == "regression" and suite.metric == "mse":
        for step in (0, 1, 5):
            frame[f"mse@step{step}"] = frame["score"] * (1.0 + 10.0 / (step + 1))
            metrics.append(metric(f"mse@step{step}", ranked.unit, False, frame[f"mse@step{step}"]))
    frame["floored"] = np.zeros(n, dtype=bool)
    scores = pd.DataFrame(frame)
    assert suite.pin is not None
    name = f"learner{learner:04d}" if learner else Path(suite.domain.references[0]).stem
    record = make_record(
        scores,
        suite__name=suite.name,
        suite__version=suite.version,
        suite__kind=suite.kind,
        suite__manifest_sha256=suite.pin.manifest,
        suite__data_fingerprint=suite.pin.data,
        algorithm__name=name,
        algorithm__options={"hidden": 64, "lr": 0.001},
        seed=seed,
        metrics=metrics,
    )
    return record, scores


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--episodes", type=int, default=2_000)
    parser.add_argument("--suites", type=int, default=16)
    asked = parser.parse_args()
    make(asked.root, asked.records, asked.episodes, asked.suites)
