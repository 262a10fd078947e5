"""Trials of exploration: drawn for training, and frozen ones that are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import torch

from bench.domains.exploration.environments import Environments, Trials, Unseen, environments, frozen_trials
from bench.domains.exploration.rollout import World, act_in, score_trials, world_of
from bench.domains.exploration.task import exploration_task
from bench.domains.exploration.trials import TrialStream, trial_stream
from bench.domains.sources import Batch, Frozen, Scorer, TrainingSource, pieces
from bench.learners.contract import Learner
from bench.learners.explorer import Explorer

if TYPE_CHECKING:
    from bench.tasks.suites import Suite


class TrialSource(TrainingSource):
    """Training trials of one seed."""

    def __init__(self, suite: Suite, seed: int, device: torch.device) -> None:
        super().__init__(suite, seed, device)
        self.stream = trial_stream(self.stream_name, exploration_task(suite))

    def environments(self, batch: int) -> Environments:
        """The next `batch` training trials, none of which was drawn before."""
        first = self._next(f"environments:{batch}") * batch
        return Unseen(environments(self.stream, first, batch, self.device))

    def draw(
        self, batch: int, way: int | None = None, shot: int | None = None, query: int | None = None
    ) -> Environments:
        return self.environments(batch)


class FrozenTrials(Frozen):
    """Frozen trials, in which a learner acts."""

    def __init__(self, suite: Suite, device: torch.device, stream: TrialStream) -> None:
        super().__init__(suite, device)
        self.stream = stream

    def trials(self, n: int, batch: int, first: int = 0) -> Iterator[Trials]:
        """Trials first .. first + n - 1, at most `batch` at a time."""
        return (frozen_trials(self.stream, *piece, self.device) for piece in pieces(first, n, batch))

    def world(self, first: int, n: int) -> World:
        """Trials first .. first + n - 1, as `act_in` plays them."""
        return world_of(frozen_trials(self.stream, first, n, self.device))

    def scorer(self, learner: Learner, first: int, n: int) -> Scorer:
        assert isinstance(learner, Explorer)

        def batches(first: int, n: int, batch: int) -> Iterator[Batch]:
            return (answered(*piece) for piece in pieces(first, n, batch))

        def answered(start: int, size: int) -> Batch:
            played = act_in(learner, self.world(start, size), size)
            return Batch(start, score_trials(played), {"final": played.logits}, played.script)

        return batches

    def singles(self, learner: Learner, n: int) -> Iterator[Callable[[], object]]:
        assert isinstance(learner, Explorer)
        for number in range(n):
            yield partial(act_in, learner, self.world(number, 1), 1)
