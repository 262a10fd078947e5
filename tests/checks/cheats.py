"""Learners with one fault each, and honest ones; all declare themselves inductive."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.maml import MAML
from baselines.protonet import class_means, squared_distance
from baselines.relnet import RelationNet


class Honest(bench.Learner):
    """Nearest class mean after one linear layer."""

    family = "metric"

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.layer = nn.Linear(28 * 28, 16)

    def features(self, images: Tensor) -> Tensor:
        return self.layer(images.flatten(2))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        z, q = self.features(support_x), self.features(query_x)
        return -squared_distance(q, class_means(z, support_y))


class TrainingBatchNorm(Honest):
    """Batch statistics of the queries: the field's most common leak."""

    def features(self, images: Tensor) -> Tensor:
        z = super().features(images)
        return F.batch_norm(z.flatten(0, 1), None, None, training=True).view_as(z)


class CentresQueries(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return super().predict(support_x, support_y, query_x - query_x.mean(1, keepdim=True))


class BatchOfEpisodes(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return super().predict(support_x - support_x.mean(0, keepdim=True), support_y, query_x)


class SortedQueries(Honest):
    """Adds what it believes about the position of a query."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        logits = super().predict(support_x, support_y, query_x)
        each = max(query_x.shape[1] // self.task.way, 1)
        guess = (torch.arange(query_x.shape[1]) // each).clamp_max(self.task.way - 1)
        return logits + 5 * F.one_hot(guess, self.task.way)


class KeepsState(Honest):
    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.memory: Tensor | float = 0.0

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        logits = super().predict(support_x, support_y, query_x) + self.memory
        self.memory = support_x.mean() * torch.arange(self.task.way)
        return logits


class WritesInputs(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        logits = super().predict(support_x, support_y, query_x)
        support_x.sub_(0.5)
        return logits


class Random(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        logits = super().predict(support_x, support_y, query_x)
        return logits + torch.rand(logits.shape)


class ForgetsState(Honest):
    """What it needs is outside the state dict."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.scale = torch.rand(16)

    def features(self, images: Tensor) -> Tensor:
        return super().features(images) * self.scale


class NotFinite(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return super().predict(support_x, support_y, query_x) * torch.nan


class Float32Only(Honest):
    def features(self, images: Tensor) -> Tensor:
        if images.dtype != torch.float32:
            raise RuntimeError("float32 only")
        return super().features(images)


class InductiveRelationNet(RelationNet):
    """relnet with batch statistics, declared inductive."""

    transductive = False

    def __init__(self, task: bench.TaskSpec, options: RelationNet.Options) -> None:
        super().__init__(task, RelationNet.Options(norm="batch"))


class InductiveMAML(MAML):
    """maml with batch statistics, declared inductive."""

    transductive = False

    def query_output(self, weights: dict[str, Tensor], x: Tensor, query: Tensor) -> Tensor:
        return self.net.run(weights, query, len(query))
