"""Baseline: a linear classifier on frozen features (Chen et al. 2019, arXiv:1904.04232, "A Closer Look").

    bench run --algo baseline --suite cifarfs-5w1s --recipe fast --seeds 0-2

Few-shot learning without episodes. The encoder is trained to tell all train classes apart, as any classifier is. Every
test episode then trains a fresh linear layer on the frozen features of its support set.
"""

from __future__ import annotations

from math import sqrt

from torch import Tensor, nn

from baselines.finetuning import EPOCHS, Weights, fine_tune
from baselines.pretraining import PreTrained, feature_size


class Baseline(PreTrained):
    family = "metric"
    transductive = False

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        embedding: Tensor = self.encoder(images)
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        (episodes, shots, size), way = support_z.shape, self.task.way
        fresh = self.noise("head", (way, size + 1)).to(support_z) / sqrt(3 * size)  # as wide as nn.Linear's start
        weights = (fresh[:, :size].expand(episodes, -1, -1), fresh[:, None, size].T.expand(episodes, -1, -1))
        order = self.noise("order", (EPOCHS, shots)).argsort(dim=1)
        return scores(fine_tune(weights, scores, gradient, support_z, support_y, order), query_z)

    def new_head(self) -> nn.Module:
        return nn.Linear(feature_size(self.encoder, self.task.x_shape), self.task.n_train_classes)


def scores(weights: Weights, z: Tensor) -> Tensor:
    """z W' + b: W [B, way, D], b [B, 1, way], z [B, n, D] -> [B, n, way]."""
    weight, bias = weights
    return z @ weight.transpose(1, 2) + bias


def gradient(weights: Weights, z: Tensor, error: Tensor) -> Weights:
    """d loss / d (W, b) for `error`, the derivative by the scores [B, n, way]."""
    return error.transpose(1, 2) @ z, error.sum(1, keepdim=True)
