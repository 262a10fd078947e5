"""MetaOptNet with ridge regression, MetaOptNet-RR (Lee et al. 2019, arXiv:1904.03758).

    bench run --algo metaoptnet_rr --suite cifarfs-5w1s --recipe fast --seeds 0-2
    bench run --algo metaoptnet_rr --suite cifarfs-5w1s --recipe paper --seeds 0-2    # ResNet-12, needs a GPU

Every episode fits a linear classifier to the embeddings of its support set. The fit is a convex problem with one
solution, so that the embedding can be trained through it. Ridge regression has that solution in closed form.

One-vs-all ridge regression in its dual: for each class the authors' quadratic program
min_a 1/2 a' (X X' + lambda I) a - 2 y' a has the solution a = 2 (X X' + lambda I)^-1 y, and the logits of a query z
are gamma z X' a with a learned gamma. Unlike R2-D2 there is no bias and lambda is fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.augmentation import random_crop, random_flip
from baselines.backbones import encoder
from baselines.photographs import colour_jitter


class MetaOptNetRR(bench.EmbeddingLearner):
    family = "metric"
    transductive = False
    label_equivariant = True

    @dataclass
    class Options:
        backbone: str = "conv4"  # any name that backbones.encoder knows
        ridge: float = 50.0  # lambda (authors' code)
        label_smoothing: float = 0.0  # share of a query's label that the other classes get in training
        weight_decay: float = 5.0e-4
        lr: float = 0.1  # of SGD with Nesterov momentum .9
        crop: int = 0  # pixels by which training images are shifted at most
        jitter: float = 0.0  # brightness, contrast and saturation of training images change by up to this share
        flip: bool = False  # mirror half of the training images

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = encoder(options.backbone, task.x_shape)
        self.scale = nn.Parameter(torch.ones(()))  # gamma

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        embedding: Tensor = self.encoder(self.augment(images))
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        targets = F.one_hot(support_y).to(support_z.dtype)
        dual = dual_ridge(support_z, targets, self.options.ridge)
        logits: Tensor = self.scale * (query_z @ support_z.transpose(1, 2) @ dual)
        return logits

    def loss(self, episodes: bench.Episodes) -> Tensor:
        logits = self.predict(episodes.support_x, episodes.support_y, episodes.query_x)
        assert isinstance(logits, Tensor)
        way = logits.shape[-1]
        smoothing = (
            self.options.label_smoothing * way / (way - 1)
        )  # torch's share goes to all classes, the right one too
        return F.cross_entropy(logits.flatten(0, 1), episodes.query_y.flatten(), label_smoothing=smoothing)

    def configure_optimizer(self, steps: int) -> torch.optim.Optimizer:
        options = self.options
        return torch.optim.SGD(
            self.parameters(), options.lr, momentum=0.9, nesterov=True, weight_decay=options.weight_decay
        )

    def augment(self, images: Tensor) -> Tensor:
        if not self.training:
            return images
        images = random_crop(images, self.options.crop) if self.options.crop else images
        images = colour_jitter(images, self.options.jitter) if self.options.jitter else images
        return random_flip(images) if self.options.flip else images


def dual_ridge(x: Tensor, y: Tensor, ridge: float) -> Tensor:
    """2 (x x' + ridge I)^-1 y: x [B, S, D], y [B, S, way] -> [B, S, way]."""
    kernel = x @ x.transpose(1, 2) + ridge * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    dual: Tensor = torch.linalg.solve(kernel, 2 * y)
    return dual
