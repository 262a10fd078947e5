"""Baseline++: a cosine classifier on frozen features (Chen et al. 2019, arXiv:1904.04232, "A Closer Look").

    bench run --algo baselinepp --suite cifarfs-5w1s --recipe fast --seeds 0-2

As Baseline, but every classifier is one of cosines: it scores the angle between a feature and a direction per class.
Features of a class are drawn into one direction, whatever their length. That leaves less variation within a class for a
few support images to cover.

As in the authors' code the layer has a learned length for each class beside a fixed scale, 2 in the episodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.finetuning import EPOCHS, Weights, fine_tune
from baselines.pretraining import PreTrained, feature_size

EPISODE_SCALE = 2.0


class BaselinePP(PreTrained):
    family = "metric"
    transductive = False

    @dataclass
    class Options(PreTrained.Options):
        scale: float = 10.0  # of cosines in pre-training; the authors' code: 2 up to 200 classes, 10 above

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D], of unit length: only directions count
        return F.normalize(self.encoder(images), dim=-1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        (episodes, shots, size), way = support_z.shape, self.task.way
        direction = (self.noise("head", (way, size)).to(support_z) / sqrt(3 * size)).expand(episodes, -1, -1)
        weights = (direction, direction.norm(dim=-1, keepdim=True))
        order = self.noise("order", (EPOCHS, shots)).argsort(dim=1)
        return scores(fine_tune(weights, scores, gradient, support_z, support_y, order), query_z)

    def new_head(self) -> nn.Module:
        size = feature_size(self.encoder, self.task.x_shape)
        return CosineHead(size, self.task.n_train_classes, self.options.scale)


class CosineHead(nn.Module):
    """Scaled cosines to one direction per class, times the class's length: [M, D] -> [M, classes]."""

    def __init__(self, size: int, classes: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.direction = nn.Parameter(torch.randn(classes, size) / sqrt(3 * size))
        self.length = nn.Parameter(self.direction.detach().norm(dim=-1, keepdim=True))

    def forward(self, z: Tensor) -> Tensor:
        return self.scale * cosines(F.normalize(z, dim=-1), self.direction) * self.length[:, 0]


def scores(weights: Weights, z: Tensor) -> Tensor:
    """Section 3.2 with lengths: v [B, way, D], g [B, way, 1], unit vectors z [B, n, D] -> [B, n, way]."""
    direction, length = weights
    return EPISODE_SCALE * cosines(z, direction) * length.transpose(1, 2)


def gradient(weights: Weights, z: Tensor, error: Tensor) -> Weights:
    """d loss / d (v, g) for `error`, the derivative by the scores [B, n, way].

    With u = v / |v| and s = scale error' z: d g = s.u, d v = g / |v| (s - (s.u) u).
    """
    direction, length = weights
    norm = direction.norm(dim=-1, keepdim=True)
    unit = direction / norm
    slope = EPISODE_SCALE * error.transpose(1, 2) @ z  # [B, way, D]
    along = (slope * unit).sum(-1, keepdim=True)
    return length / norm * (slope - along * unit), along


def cosines(z: Tensor, direction: Tensor) -> Tensor:
    """Unit vectors [..., n, D] to directions [..., way, D] of any length -> [..., n, way]."""
    return z @ F.normalize(direction, dim=-1).transpose(-1, -2)
