"""R2-D2: Ridge Regression Differentiable Discriminator (Bertinetto et al. 2019, arXiv:1805.08136).

    bench run --algo r2d2 --suite cifarfs-5w1s --recipe fast --seeds 0-2
    bench run --algo r2d2 --suite cifarfs-5w1s --recipe paper --seeds 0-2    # the published wide network

Every episode fits a ridge regression from the embeddings of its support set to the labels. That has a solution in
closed form, through which the embedding, the ridge and the scale of the answers are trained. With few images and many
features the system to be solved is as small as the support set.

The paper's beta, one number added to the answers for all classes, changes neither the cross-entropy nor the decision
and is left out. lambda and alpha are learned, through their logarithms so that they stay positive; the authors' code
has a fixed lambda and learns alpha as it is. It also draws a number of support images anew for every training episode,
whose other images are queries. All that is the recipe `paper`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.augmentation import random_flip
from baselines.backbones import encoder

FILTERS = {"r2d2": (96, 192, 384, 512), "r2d2-64": (64, 64, 64, 64)}


class R2D2(bench.EmbeddingLearner):
    family = "metric"
    transductive = False
    label_equivariant = True

    @dataclass
    class Options:
        backbone: str = "r2d2-64"  # "r2d2" and "r2d2-64" (the paper's two) or any name that backbones.encoder knows
        dropout: float = 0.0  # in the last two blocks of the paper's networks
        ridge: float = 50.0  # initial lambda, of the mean squared error (authors' code)
        learn_ridge: bool = True  # false: lambda stays what it is, as in the authors' code
        scale: float = 10.0  # initial alpha (authors' code, CIFAR-FS and Omniglot)
        log_scale: bool = True  # learn alpha through its logarithm; false: as it is, as in the authors' code
        random_shots: bool = False  # a training episode keeps 1 to all of its shots, the rest are queries
        flip: bool = False  # mirror half of the training images

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        filters = FILTERS.get(options.backbone)
        self.encoder = (
            R2D2Encoder(task.x_shape[0], filters, options.dropout)
            if filters
            else encoder(options.backbone, task.x_shape)
        )
        log_ridge = torch.tensor(log(options.ridge))
        self.log_ridge = nn.Parameter(log_ridge) if options.learn_ridge else nn.Buffer(log_ridge)
        if options.log_scale:
            self.log_scale = nn.Parameter(torch.tensor(log(options.scale)))
        else:
            self.scale = nn.Parameter(torch.tensor(options.scale))

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        embedding: Tensor = self.encoder(self.augment(images))
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        targets = F.one_hot(support_y).to(support_z.dtype)
        weights = ridge_regression(with_ones(support_z), targets, self.log_ridge.exp() * support_z.shape[1])
        alpha = self.log_scale.exp() if self.options.log_scale else self.scale
        logits: Tensor = alpha * with_ones(query_z) @ weights  # eq. 6
        return logits

    def loss(self, episodes: bench.Episodes) -> Tensor:
        return super().loss(with_random_shots(episodes) if self.options.random_shots else episodes)

    def augment(self, images: Tensor) -> Tensor:
        return random_flip(images) if self.training and self.options.flip else images


def ridge_regression(x: Tensor, y: Tensor, ridge: Tensor | float) -> Tensor:
    """argmin_W ||x W - y||^2 + ridge ||W||^2 by the smaller linear system: x [B, S, D], y [B, S, way] -> W [B, D, way].

    eq. 4: (x' x + ridge I)^-1 x' y; eq. 5, by Woodbury's identity, for more features than images:
    x' (x x' + ridge I)^-1 y.
    """
    transposed = x.transpose(1, 2)
    if x.shape[2] <= x.shape[1]:
        primal: Tensor = torch.linalg.solve(transposed @ x + ridge * _identity(x, x.shape[2]), transposed @ y)
        return primal
    dual: Tensor = torch.linalg.solve(x @ transposed + ridge * _identity(x, x.shape[1]), y)
    return transposed @ dual


def with_random_shots(episodes: bench.Episodes) -> bench.Episodes:
    """The episodes with 1 to all of their shots, one number for all of them; the other support images are queries."""
    batch, images = episodes.support_y.shape
    shots = images // episodes.way
    kept = int(torch.randint(1, shots + 1, ()))
    of_class = episodes.support_y.argsort(stable=True, dim=1).view(batch, episodes.way, shots)
    support, moved = of_class[:, :, :kept].flatten(1), of_class[:, :, kept:].flatten(1)
    row = torch.arange(batch, device=support.device)[:, None]
    return replace(
        episodes,
        support_x=episodes.support_x[row, support],
        support_y=episodes.support_y[row, support],
        query_x=torch.cat([episodes.query_x, episodes.support_x[row, moved]], dim=1),
        query_y=torch.cat([episodes.query_y, episodes.support_y[row, moved]], dim=1),
        rows=None,
    )


def with_ones(z: Tensor) -> Tensor:
    """A constant feature for the bias: [B, M, D] -> [B, M, D + 1]."""
    return F.pad(z, (0, 1), value=1.0)


class R2D2Encoder(nn.Module):
    """Four blocks; the maps of the third and the fourth, pooled without shrinking further, flattened and joined."""

    def __init__(self, channels: int, filters: tuple[int, int, int, int], dropout: float) -> None:
        super().__init__()
        a, b, c, d = filters
        self.third = nn.Sequential(
            *_block(channels, a, stride=2),
            *_block(a, b, stride=2),
            *_block(b, c, stride=2),
            nn.Dropout(dropout),
        )
        self.fourth = nn.Sequential(*_block(c, d, stride=1), nn.Dropout(dropout))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, (c + d) * (H // 8 - 1) * (W // 8 - 1)]
        third = self.third(images.contiguous(memory_format=torch.channels_last))
        return torch.cat([F.max_pool2d(third, 2, stride=1).flatten(1), self.fourth(third).flatten(1)], dim=1)


def _block(n_in: int, n_out: int, stride: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)  # batch norm removes a bias
    return convolution, nn.BatchNorm2d(n_out), nn.MaxPool2d(2, stride), nn.LeakyReLU(0.1)


def _identity(x: Tensor, size: int) -> Tensor:
    return torch.eye(size, dtype=x.dtype, device=x.device)
