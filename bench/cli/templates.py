"""The files that `bench new` writes: for each of two families the smallest learner that works."""

METRIC = '''"""{title}: replace this line by what it is and where it comes from (paper, year, arXiv id).

    bench run --algo {file}:{title} --suite {suite} --budget short
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

import bench


class {title}(bench.EmbeddingLearner):
    """Nearest class mean in a learned embedding: the smallest learner that works. Change `embed` and `classify`."""

    family = "metric"  # optimization, metric, model or reference; exploration has a template of its own
    transductive = False  # does a prediction depend on the other queries of its episode?

    @dataclass
    class Options:
        filters: int = 32  # every field is a --set key=value

    def __init__(self, task: bench.ImageSpec, options: Options) -> None:
        super().__init__(task, options)
        layers: list[nn.Module] = []
        channels = task.x_shape[0]
        for _ in range(4):
            layers += [nn.Conv2d(channels, options.filters, 3, padding=1), nn.BatchNorm2d(options.filters)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
            channels = options.filters
        self.encoder = nn.Sequential(*layers, nn.Flatten())

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] in [0, 1] -> [M, D]
        embedding: Tensor = self.encoder(images)
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        members = F.one_hot(support_y).to(support_z.dtype)
        means = members.transpose(1, 2) @ support_z / members.sum(1)[:, :, None]
        return -((query_z[:, :, None] - means[:, None]) ** 2).sum(-1)
'''

EXPLORATION = '''"""{title}: replace this line by what it is and where it comes from (paper, year, arXiv id).

    bench run --algo {file}:{title} --suite {suite} --budget short
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench


class {title}(bench.Explorer):
    """A recurrent policy and its value, trained by actor-critic. A recipe with a larger batch makes it learn."""

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
