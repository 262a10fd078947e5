"""The arm with the highest posterior mean, under independent uniform priors.

    bench run --algo greedy --suite bandit-n100k5
    bench run --algo greedy --suite bandit-n100k5 --set ties=first    # the lowest number of equally good arms

Pulls are counted, and the arm with the highest mean of its Beta posterior is pulled. An arm that was never pulled
counts as one half, which is all that makes it explore. What a policy gains over this one it gains by exploring.

Equal means are common where pulls are few, and which of them is pulled matters. At random, an arm that has fallen back
to one half shares its turn with those that were never pulled; in order of their numbers it is pulled again before them.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from baselines.arms import CountingPolicy, Ties, only_best, posterior_mean


class Greedy(CountingPolicy):
    """Explores only in so far as an arm that was never pulled counts as one half."""

    family = "reference"
    trains = False

    @dataclass
    class Options:
        ties: Ties = "random"  # which of several best arms: the better one on simulated trials

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        return only_best(posterior_mean(successes, failures), self.options.ties)
