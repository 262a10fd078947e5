"""Uniformly random actions: what a policy gets that learns nothing.

    bench run --algo random_policy --suite bandit-n100k5

Every action has the same probability, whatever came before. Nothing is remembered and nothing is learned. A score below
this one is worse than no policy at all.
"""

from __future__ import annotations

import torch
from torch import Tensor

import bench


class RandomPolicy(bench.Explorer):
    family = "reference"
    trains = False

    def initial_state(self, batch: int) -> Tensor:
        return torch.zeros(batch, 0, device=self.device)  # it remembers nothing

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        return torch.zeros(len(obs), self.task.actions, device=obs.device), state
