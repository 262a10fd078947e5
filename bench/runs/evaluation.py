"""Scores of frozen episodes, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch

from bench.domains import Batch, Columns, Frozen, Scorer
from bench.learners.contract import Learner
from bench.training.precision import Precision, autocast

Advance = Callable[[int], None]
Watch = Callable[[Batch], None]


def evaluate(
    learner: Learner,
    episodes: Frozen,
    n: int,
    *,
    batch: int,
    precision: Precision = "fp32",
    first: int = 0,
    advance: Advance | None = None,
    watch: Watch | None = None,
) -> pd.DataFrame:
    """Score episodes first .. first + n - 1: one row each, the columns of `bench.records.scores`.

    When a GPU runs out of memory the batch is halved, which changes no score. `watch` sees every answered batch.
    """
    was_training = learner.training
    learner.eval()
    try:
        with torch.no_grad(), autocast(episodes.device, precision):
            scored = episodes.scorer(learner, first, n)
            parts: list[Columns] = []
            for answered in _in_batches(scored, n, batch, first):
                size = len(answered.columns["score"])
                parts.append({**answered.columns, "episode": np.arange(answered.first, answered.first + size)})
                if watch:
                    watch(answered)
                if advance:
                    advance(size)
    finally:
        learner.train(was_training)
    return _frame(parts)


def _in_batches(scored: Scorer, n: int, batch: int, first: int) -> Iterator[Batch]:
    done, end = first, first + n
    while done < end:
        try:
            for answered in scored(done, end - done, batch):
                yield answered
                done = answered.first + len(answered.columns["score"])
        except torch.OutOfMemoryError:
            if batch == 1:
                raise
            batch //= 2
            torch.cuda.empty_cache()


def _frame(parts: list[Columns]) -> pd.DataFrame:
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if name != "classes"}
    frame = pd.DataFrame({"episode": columns.pop("episode"), "score": columns.pop("score"), **columns})
    if "classes" in parts[0]:
        frame["classes"] = list(np.concatenate([part["classes"] for part in parts]))
    return frame
