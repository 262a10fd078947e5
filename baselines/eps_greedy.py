"""The arm with the highest posterior mean, but with probability epsilon any arm (Sutton & Barto 2018, section 2.2).

    bench run --algo eps_greedy --suite bandit-n100k5

Pulls are counted, and the arm that has done best so far is pulled. Now and then, with probability epsilon, any arm is
pulled instead, so that a good arm that began badly is found again. How much is explored does not depend on what is
known.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

import bench
from baselines.arms import CountingPolicy, Ties, only_best, posterior_mean


class EpsGreedy(CountingPolicy):
    family = "reference"
    trains = False

    @dataclass
    class Options:
        epsilon: float = 0.05  # probability of a uniformly random arm
        ties: Ties = "random"  # which of several best arms, as in greedy

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        if not 0 < options.epsilon <= 1:
            raise bench.UsageError(
                f"epsilon={options.epsilon}: expected a probability above 0.",
                "greedy is the policy without exploration.",
            )

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        exploit = only_best(posterior_mean(successes, failures), self.options.ties).softmax(1)
        epsilon = self.options.epsilon
        return torch.log((1 - epsilon) * exploit + epsilon / self.task.actions)
