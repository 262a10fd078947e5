"""Baseline: a linear classifier on frozen features (Chen et al. 2019, arXiv:1904.04232, "A Closer Look").

    bench run --algo baseline --suite cifarfs-5w1s --recipe fast --seeds 0-2

The encoder is trained to tell all train classes apart; every episode trains a fresh linear layer on its support set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from torch import Tensor, nn

import bench
from baselines.backbones import encoder
from baselines.finetuning import EPOCHS, Weights, fine_tune
from baselines.pretraining import FlatBatches, feature_size, pretrain


class Baseline(bench.EmbeddingLearner):
    family = "metric"
    transductive = False

    @dataclass
    class Options:
        backbone: str = "conv4"  # any name that backbones.encoder knows
        batch: int = 128  # images a step of pre-training
        optimizer: Literal["adam", "sgd"] = "sgd"
        lr: float = 0.1
        weight_decay: float = 5.0e-4
        crop: int = 0  # pixels by which training images are shifted at most
        flip: bool = False  # mirror half of the training images

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = encoder(options.backbone, task.x_shape)

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        embedding: Tensor = self.encoder(images)
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        (episodes, shots, size), way = support_z.shape, self.task.way
        fresh = self.noise("head", (way, size + 1)).to(support_z) / sqrt(3 * size)  # as wide as nn.Linear's start
        weights = (fresh[:, :size].expand(episodes, -1, -1), fresh[:, None, size].T.expand(episodes, -1, -1))
        order = self.noise("order", (EPOCHS, shots)).argsort(dim=1)
        return scores(fine_tune(weights, scores, gradient, support_z, support_y, order), query_z)

    def meta_train(self, source: FlatBatches, validate: Callable[[], float], steps: int) -> None:
        head = nn.Linear(feature_size(self.encoder, self.task.x_shape), self.task.n_train_classes)
        pretrain(self.encoder, head, source, self.options, validate, steps)


def scores(weights: Weights, z: Tensor) -> Tensor:
    """z W' + b: W [B, way, D], b [B, 1, way], z [B, n, D] -> [B, n, way]."""
    weight, bias = weights
    return z @ weight.transpose(1, 2) + bias


def gradient(weights: Weights, z: Tensor, error: Tensor) -> Weights:
    """d loss / d (W, b) for `error`, the derivative by the scores [B, n, way]."""
    return error.transpose(1, 2) @ z, error.sum(1, keepdim=True)
