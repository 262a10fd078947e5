"""Asking learners that predict: a support set and queries in, predictions out. Shared by images and functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from bench.domains.sources import Columns, Frozen, Scorer
from bench.learners.predictions import Answer, Prediction, named, validate

if TYPE_CHECKING:
    from bench.domains.episodes import Episodes
    from bench.learners.contract import Learner


def predicted(learner: Learner, episodes: Episodes) -> Answer:
    """The learner's answer; a privileged one is told what generated the episodes."""
    inputs = episodes.support_x, episodes.support_y, episodes.query_x
    if learner.privileged:
        return learner.predict(*inputs, parameters=episodes.parameters)  # type: ignore[call-arg]  # oracles take it
    return learner.predict(*inputs)


def validated(answer: Answer, episodes: Episodes) -> dict[str, Prediction]:
    """The predictions by name. Raises PredictionError for a wrong type, shape or domain."""
    predictions = named(answer)
    for name, prediction in predictions.items():
        validate(name, prediction, episodes.query_y, episodes.way)
    return predictions


class FrozenEpisodes(Frozen):
    """Frozen episodes that are answered in batches."""

    @abstractmethod
    def batches(self, n: int, batch: int, first: int = 0) -> Iterator[Episodes]:
        """Episodes first .. first + n - 1, at most `batch` at a time."""

    @abstractmethod
    def columns(self, episodes: Episodes, answer: Answer) -> Columns:
        """The score of each episode. Raises PredictionError for an answer that can't be scored."""

    def scorer(self, learner: Learner, first: int, n: int) -> Scorer:
        def answered(first: int, n: int, batch: int) -> Iterator[tuple[int, Columns]]:
            for part in self.batches(n, batch, first):
                yield part.first, self.columns(part, predicted(learner, part))

        return answered

    def singles(self, learner: Learner, n: int) -> Iterator[Callable[[], object]]:
        for episode in self.batches(n, 1):
            yield partial(predicted, learner, episode)
