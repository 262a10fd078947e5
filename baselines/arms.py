"""What the reference policies for Bernoulli bandits share: counts of each arm, and choices as logits."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import bench

Counts = tuple[Tensor, Tensor]  # successes and failures of each arm, int64 [B, A]

NEVER = -1000.0  # a logit that no Gumbel noise (at most 37 from 53 bits) lifts above 0


def bandits_only(task: bench.TaskSpec) -> str | None:
    return None if task.environment == "bandit" else "counts the rewards of arms and knows no states"


def no_pulls(learner: bench.Explorer, batch: int) -> Counts:
    zeros = torch.zeros(batch, learner.task.actions, dtype=torch.int64, device=learner.device)
    return zeros, zeros


def observe(counts: Counts, action: Tensor, reward: Tensor) -> Counts:
    """Counts after pulling arms `action` [B] (-1: none) and getting `reward` [B], 0 or 1."""
    successes, failures = counts
    pulled = F.one_hot(action + 1, successes.shape[1] + 1)[:, 1:]
    won = (reward > 0.5)[:, None]
    return successes + pulled * won, failures + pulled * ~won


def posterior_mean(successes: Tensor, failures: Tensor) -> Tensor:
    """Mean of the Beta posterior under the uniform prior, float64: equal fractions are equal numbers."""
    return (successes + 1).double() / (successes + failures + 2)


def only_best(score: Tensor) -> Tensor:
    """Logits [B, A] that choose the highest score, uniformly among equal ones."""
    return torch.where(score >= score.amax(1, keepdim=True), 0.0, NEVER)
