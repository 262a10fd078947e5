"""A recurrent policy that learns by acting."""

from __future__ import annotations

LEARNER = '''"""$title: replace this line by what it is and where it comes from (paper, year, arXiv id).

    bench run --algo $file:$title --suite $suite --budget short
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench


class $title(bench.Explorer):
    """A recurrent policy and its value, trained by actor-critic (RL2). Change `act` and `train_step`."""

    @dataclass
    class Options:
        hidden: int = 64  # every field is a --set key=value

    def __init__(self, task: bench.ExplorationSpec, options: Options) -> None:
        super().__init__(task, options)
        self.memory = nn.GRUCell(task.x_shape[0] + task.actions + 2, options.hidden)
        self.policy = nn.Linear(options.hidden, task.actions)
        self.value = nn.Linear(options.hidden, 1)

    def initial_state(self, batch: int) -> Tensor:
        return self.policy.weight.new_zeros(batch, self.options.hidden)

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:  # logits [B, A]
        first = prev_action[:, None] < 0
        taken = F.one_hot(prev_action.clamp_min(0), self.task.actions).masked_fill(first, 0)
        inputs = torch.cat([obs, taken.to(obs.dtype), prev_reward[:, None], done[:, None].to(obs.dtype)], dim=1)
        state = self.memory(inputs, state)
        return self.policy(state), state

    def train_step(self, environments: bench.Environments) -> Tensor:
        obs, n = environments.reset(), environments.n
        action = torch.full((n,), -1, device=obs.device)
        reward, done = obs.new_zeros(n), torch.zeros(n, dtype=torch.bool, device=obs.device)
        state = self.initial_state(n)
        chosen, values, rewards = [], [], []
        for _ in range(environments.steps):
            logits, state = self.act(state, obs, action, reward, done)
            policy = torch.distributions.Categorical(logits=logits)
            action = policy.sample()
            chosen.append(policy.log_prob(action))
            values.append(self.value(state)[:, 0])
            obs, reward, done = environments.step(action)
            rewards.append(reward)
        to_come = torch.stack(rewards).flip(0).cumsum(0).flip(0)  # [T, B], rewards from each step on
        advantage = to_come - torch.stack(values)
        loss = (0.5 * advantage**2 - torch.stack(chosen) * advantage.detach()).mean()
        loss.backward()
        return loss
'''

RECIPE = """# Recipes of $name: recipe, suite pattern, fields. The first pattern that fits the suite counts.
fast:
  "*":
    steps: 1000 # optimiser steps
    batch: 128 # trials a step
    optimizer: {name: adam, lr: 3.0e-3}
    schedule: {name: cosine}
    clip_norm: 1
"""
