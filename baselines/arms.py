"""What the reference policies for Bernoulli bandits share: counts of each arm, and choices as logits."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

import bench

Counts = tuple[Tensor, Tensor]  # successes and failures of each arm, int64 [B, A]
Ties = Literal["random", "first"]  # which of several best arms: each as likely, or the one that is numbered first

NEVER = -1000.0  # a logit that no Gumbel noise (at most 37 from 53 bits) lifts above 0


class CountingPolicy(bench.Explorer):
    """A policy that looks at nothing but how often each arm has won and lost; a subclass says what it makes of that."""

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return None if task.environment == "bandit" else "counts the rewards of arms and knows no states"

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        """Counts, int64 [B, A] each, to logits [B, A]."""
        raise NotImplementedError(f"{type(self).__name__} must implement logits")

    def initial_state(self, batch: int) -> Counts:
        zeros = torch.zeros(batch, self.task.actions, dtype=torch.int64, device=self.device)
        return zeros, zeros

    def act(
        self, state: Counts, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Counts]:
        """The last action [B] (-1: none) and its reward [B], 0 or 1, are counted, then the subclass decides."""
        successes, failures = state
        pulled = F.one_hot(prev_action + 1, successes.shape[1] + 1)[:, 1:]
        won = (prev_reward > 0.5)[:, None]
        state = successes + pulled * won, failures + pulled * ~won
        return self.logits(*state), state


def posterior_mean(successes: Tensor, failures: Tensor) -> Tensor:
    """Mean of the Beta posterior under the uniform prior, float64: equal fractions are equal numbers."""
    return (successes + 1).double() / (successes + failures + 2)


def only_best(score: Tensor, ties: Ties = "random") -> Tensor:
    """Logits [B, A] that choose the highest score; among equal ones uniformly, or always the first."""
    best = score >= score.amax(1, keepdim=True)
    if ties == "first":
        best = best & (best.cumsum(1) == 1)
    return torch.where(best, 0.0, NEVER)
