"""Answers to frozen episodes. Inductive embedding learners embed each pool image once, however many episodes ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from bench.learners.contract import EmbeddingLearner, Learner
from bench.learners.explorer import Explorer
from bench.learners.predictions import Answer
from bench.runs.precision import Precision, autocast
from bench.runs.rollout import score_trials
from bench.runs.scoring import Columns, score_batch
from bench.tasks.episodes import Episodes, EvaluationEpisodes
from bench.tasks.suites import Suite

EMBED_CHUNK = 256  # images an embedding call; always full, so that an embedding does not depend on how many are asked

Advance = Callable[[int], None]
Scoring = Callable[[int, int, int], Iterator[tuple[int, Columns]]]  # (first, n, batch) -> (first of a batch, columns)


def evaluate(
    learner: Learner,
    suite: Suite,
    episodes: EvaluationEpisodes,
    n: int,
    *,
    batch: int,
    precision: Precision = "fp32",
    first: int = 0,
    advance: Advance | None = None,
) -> pd.DataFrame:
    """Score episodes first .. first + n - 1: one row each, the columns of `bench.records.scores`.

    When a GPU runs out of memory the batch is halved, which changes no score.
    """
    was_training = learner.training
    learner.eval()
    try:
        with torch.no_grad(), autocast(episodes.device, precision):
            scored = _scoring(learner, suite, episodes, n, first)
            parts: list[Columns] = []
            for start, part in _in_batches(scored, n, batch, first):
                part["episode"] = np.arange(start, start + len(part["score"]))
                parts.append(part)
                if advance:
                    advance(len(part["score"]))
    finally:
        learner.train(was_training)
    return _frame(parts)


def _scoring(learner: Learner, suite: Suite, episodes: EvaluationEpisodes, n: int, first: int) -> Scoring:
    """How to score a stretch of the stream in batches."""
    if isinstance(learner, Explorer):
        explorer = learner

        def played(first: int, n: int, batch: int) -> Iterator[tuple[int, Columns]]:
            for trials in episodes.trials(n, batch, first):
                yield trials.first, score_trials(explorer, trials)

        return played
    answer, images = answering(learner, episodes, n, first)

    def answered(first: int, n: int, batch: int) -> Iterator[tuple[int, Columns]]:
        for part in episodes.batches(n, batch, first, images):
            yield part.first, score_batch(suite, part, answer(part))

    return answered


def answering(
    learner: Learner, episodes: EvaluationEpisodes, n: int, first: int
) -> tuple[Callable[[Episodes], Answer], bool]:
    """How to answer a batch, and whether that needs its pixels."""
    if isinstance(learner, EmbeddingLearner) and not learner.transductive:
        return _embedded(learner, episodes, n, first), False
    if learner.knows:
        return lambda e: learner.predict(e.support_x, e.support_y, e.query_x, parameters=e.parameters), True  # type: ignore[call-arg]  # oracles take it
    return lambda e: learner.predict(e.support_x, e.support_y, e.query_x), True


def _embedded(
    learner: EmbeddingLearner, episodes: EvaluationEpisodes, n: int, first: int
) -> Callable[[Episodes], Answer]:
    assert episodes.pool is not None
    used = torch.zeros(len(episodes.pool.images), dtype=torch.bool, device=episodes.device)
    for part in episodes.batches(n, batch=1_000, first=first, images=False):
        assert part.rows is not None
        for rows in part.rows:
            used[rows.flatten()] = True
    rows = used.nonzero().flatten()
    place = torch.cumsum(used, 0) - 1  # pool row -> row of the embedding table
    padded = torch.cat([rows, rows[:1].expand(-len(rows) % EMBED_CHUNK)])
    table = torch.cat([learner.embed(episodes.pool.gather(part)) for part in padded.view(-1, EMBED_CHUNK)])

    def answer(part: Episodes) -> Tensor:
        assert part.rows is not None
        support, query = (table[place[r]] for r in part.rows)
        return learner.classify(support, part.support_y, query)

    return answer


def _in_batches(scored: Scoring, n: int, batch: int, first: int) -> Iterator[tuple[int, Columns]]:
    done, end = first, first + n
    while done < end:
        try:
            for start, columns in scored(done, end - done, batch):
                yield start, columns
                done = start + len(columns["score"])
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
