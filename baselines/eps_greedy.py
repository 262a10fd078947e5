"""The arm with the highest posterior mean, but with probability epsilon any arm (Sutton & Barto 2018, section 2.2).

bench run --algo eps_greedy --suite bandit-n100k5
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

import bench
from baselines.arms import Counts, bandits_only, no_pulls, observe, only_best, posterior_mean


class EpsGreedy(bench.Explorer):
    family = "reference"
    trains = False

    @dataclass
    class Options:
        epsilon: float = 0.05  # probability of a uniformly random arm

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return bandits_only(task)

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        if not 0 < options.epsilon <= 1:
            raise bench.UsageError(
                f"epsilon={options.epsilon}: expected a probability above 0.",
                "greedy is the policy without exploration.",
            )

    def initial_state(self, batch: int) -> Counts:
        return no_pulls(self, batch)

    def act(
        self, state: Counts, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Counts]:
        state = observe(state, prev_action, prev_reward)
        return self.logits(*state), state

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        exploit = only_best(posterior_mean(successes, failures)).softmax(1)
        epsilon = self.options.epsilon
        return torch.log((1 - epsilon) * exploit + epsilon / self.task.actions)
