"""Asking learners that predict: a support set and queries in, predictions out. Shared by images and functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from bench.domains.sources import Batch, Columns, Frozen, Scorer
from bench.learners.predictions import Answer, Prediction, named, validate

if TYPE_CHECKING:
    from torch import Tensor

    from bench.domains.episodes import Episodes
    from bench.learners.contract import Learner


Inputs = tuple["Tensor", "Tensor", "Tensor", "dict[str, Tensor] | None"]


def predicted(learner: Learner, episodes: Episodes) -> Answer:
    """The learner's answer; a privileged one is told what generated the episodes."""
    parameters = episodes.parameters if learner.privileged else None
    return asked(learner, episodes.support_x, episodes.support_y, episodes.query_x, parameters)


def asked(
    learner: Learner, support_x: Tensor, support_y: Tensor, query_x: Tensor, parameters: dict[str, Tensor] | None
) -> Answer:
    """The learner's answer to these tensors; `parameters` for oracles."""
    if parameters is not None:
        return learner.predict(support_x, support_y, query_x, parameters=parameters)  # type: ignore[call-arg]  # oracles
    return learner.predict(support_x, support_y, query_x)


def validated(answer: Answer, episodes: Episodes) -> dict[str, Prediction]:
    """The predictions by name. Raises PredictionError for a wrong type, shape or domain."""
    predictions = named(answer)
    for name, prediction in predictions.items():
        validate(name, prediction, episodes.query_y, episodes.way)
    return predictions


class FrozenEpisodes(Frozen):
    """Frozen episodes that are answered in batches.

    While a learner answers, no label of a query exists: labels are drawn when the answer is there, and not kept.
    """

    @abstractmethod
    def shapes(self, first: int, n: int, batch: int) -> Iterator[tuple[int, int]]:
        """Episodes first .. first + n - 1 as (first, n) of pieces of one shape, at most `batch` each."""

    @abstractmethod
    def episodes(self, first: int, n: int) -> Episodes:
        """Episodes of one shape, with everything that is known of them."""

    @abstractmethod
    def columns(self, episodes: Episodes, answer: Answer) -> Columns:
        """The score of each episode. Raises PredictionError for an answer that can't be scored."""

    def labels(self, first: int, n: int) -> Episodes:
        """The same episodes as far as scores need them."""
        return self.episodes(first, n)

    def question(self, first: int, n: int, told: bool) -> Inputs:
        """What a learner is given, and nothing else; `told`: what generated each episode, too."""
        part = self.episodes(first, n)
        return part.support_x, part.support_y, part.query_x, part.parameters if told else None

    def scorer(self, learner: Learner, first: int, n: int) -> Scorer:
        def answer(first: int, n: int) -> Answer:
            return asked(learner, *self.question(first, n, bool(learner.privileged)))

        return self.scored(answer)

    def scored(self, answer: Callable[[int, int], Answer]) -> Scorer:
        """Score the answers to episodes (first, n), whatever gives them."""

        def batches(first: int, n: int, batch: int) -> Iterator[Batch]:
            for start, size in self.shapes(first, n, batch):
                yield score(start, size, answer(start, size))

        def score(start: int, size: int, given: Answer) -> Batch:  # no label outlives it
            return Batch(start, self.columns(self.labels(start, size), given), named(given))

        return batches

    def batches(self, n: int, batch: int, first: int = 0) -> Iterator[Episodes]:
        """Episodes first .. first + n - 1, drawn, at most `batch` at a time."""
        return (self.episodes(*piece) for piece in self.shapes(first, n, batch))

    def problem(self, batch: Batch, place: int) -> Episodes:
        part = self.episodes(batch.first + place, 1)
        return replace(part, query_y=torch.zeros_like(part.query_y), classes=None, rows=None)

    def singles(self, learner: Learner, n: int) -> Iterator[Callable[[], object]]:
        for start, size in self.shapes(0, n, 1):
            yield partial(asked, learner, *self.question(start, size, bool(learner.privileged)))
