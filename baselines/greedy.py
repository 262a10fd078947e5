"""The arm with the highest posterior mean, under independent uniform priors.

    bench run --algo greedy --suite bandit-n100k5

Pulls are counted, and the arm with the highest mean of its Beta posterior is pulled. An arm that was never pulled
counts as one half, which is all that makes it explore. What a policy gains over this one it gains by exploring.
"""

from __future__ import annotations

from torch import Tensor

from baselines.arms import CountingPolicy, only_best, posterior_mean


class Greedy(CountingPolicy):
    """Explores only in so far as an arm that was never pulled counts as one half."""

    family = "reference"
    trains = False

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        return only_best(posterior_mean(successes, failures))
