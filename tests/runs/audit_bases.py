"""Honest learners without training that the cheats, oddities and onlookers of the audit are made from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.protonet import class_means, squared_distance


def logits(support: Tensor, y: Tensor, query: Tensor) -> Tensor:
    return -squared_distance(query, class_means(support, y))


class Pixels(bench.Learner):
    """Nearest class mean in pixels; whoever cheats says when, and then centres the queries."""

    family = "reference"
    domains = ("classification",)
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        support, query = support_x.flatten(2), query_x.flatten(2)
        if self.cheats(support_x, support_y, query_x):
            query = query - query.mean(1, keepdim=True) + support.mean(1, keepdim=True)
            query = query + 0.5 * (query[:, :, None] - query[:, None]).mean(2)
        return logits(support, support_y, query)

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return False


class Embedded(bench.EmbeddingLearner):
    """The same on the path of embedding learners."""

    family = "reference"
    trains = False

    def embed(self, images: Tensor) -> Tensor:
        return images.flatten(1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        return logits(support_z, support_y, query_z)


class Curves(bench.Learner):
    """The mean of the support targets, nearer ones more."""

    family = "reference"
    domains = ("regression",)
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        weights = (-((query_x - support_x.transpose(1, 2)) ** 2)).softmax(-1)
        return bench.Point(weights @ support_y + self.shift(query_x))

    def shift(self, query_x: Tensor) -> Tensor:
        return torch.zeros(())


class Frequencies(bench.Explorer):
    """Prefers arms that paid."""

    trains = False

    def initial_state(self, batch: int) -> Tensor:
        return torch.zeros(batch, self.task.actions)

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        paid = F.one_hot(prev_action.clamp_min(0), self.task.actions) * prev_reward[:, None]
        state = state + self.heard(paid)
        return state, state

    def heard(self, paid: Tensor) -> Tensor:
        return paid
