"""UCB1: optimism in the face of uncertainty (Auer, Cesa-Bianchi & Fischer 2002, Machine Learning 47:235-256).

bench run --algo ucb1 --suite bandit-n100k5
bench run --algo ucb1 --suite bandit-n100k5 --set exploration=1.0    # as published
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

import bench
from baselines.arms import Counts, bandits_only, no_pulls, observe, only_best


class UCB1(bench.Explorer):
    family = "reference"
    trains = False

    @dataclass
    class Options:
        exploration: float = 1.0  # factor of the confidence radius; 1 is Auer et al.'s, whose regret bound is proven

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
        """Figure 1: each arm once, then the highest `mean + sqrt(2 ln n / n_j)`."""
        pulls = (successes + failures).double()
        total = pulls.sum(1, keepdim=True).clamp_min(1)
        radius = torch.sqrt(2 * torch.log(total) / pulls.clamp_min(1))
        bound = successes / pulls.clamp_min(1) + self.options.exploration * radius
        return only_best(torch.where(pulls == 0, torch.inf, bound))
