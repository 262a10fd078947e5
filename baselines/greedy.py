"""The arm with the highest posterior mean, under independent uniform priors.

bench run --algo greedy --suite bandit-n100k5
"""

from __future__ import annotations

from torch import Tensor

import bench
from baselines.arms import Counts, bandits_only, no_pulls, observe, only_best, posterior_mean


class Greedy(bench.Explorer):
    """Explores only in so far as an arm that was never pulled counts as one half."""

    family = "reference"
    trains = False

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return bandits_only(task)

    def initial_state(self, batch: int) -> Counts:
        return no_pulls(self, batch)

    def act(
        self, state: Counts, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Counts]:
        state = observe(state, prev_action, prev_reward)
        return self.logits(*state), state

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        return only_best(posterior_mean(successes, failures))
