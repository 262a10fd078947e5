"""Policies of the picture tests, loaded as a user's file."""

from __future__ import annotations

import torch
from torch import Tensor

import bench


class Stubborn(bench.Explorer):
    """Prefers low actions, whatever comes of them."""

    trains = False

    def initial_state(self, batch: int) -> Tensor:
        return torch.zeros(batch, device=self.device)

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        return -torch.arange(float(self.task.actions)).expand(len(obs), -1), state
