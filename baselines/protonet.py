"""Prototypical Networks (Snell et al. 2017, arXiv:1703.05175).

    bench run --algo protonet --suite omniglot-5w1s --recipe fast --seeds 0-2

Images are embedded by a network, and each class is the mean of its support embeddings: its prototype. A query belongs
to the nearest prototype, by a softmax over squared distances. The network is trained on episodes like those of the
test, with more classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.augmentation import random_flip
from baselines.backbones import encoder


class ProtoNet(bench.EmbeddingLearner):
    family = "metric"
    transductive = False

    @dataclass
    class Options:
        backbone: str = "conv4"  # any name that backbones.encoder knows
        temperature: float = 1.0  # divides the distances: those of long embeddings saturate the softmax
        flip: bool = False  # mirror half of the training images

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = encoder(options.backbone, task.x_shape)

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        embedding: Tensor = self.encoder(self.augment(images))
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        prototypes = class_means(support_z, support_y)  # eq. 1, [B, way, D]
        logits: Tensor = -squared_distance(query_z, prototypes) / self.options.temperature  # eq. 2
        return logits

    def augment(self, images: Tensor) -> Tensor:
        return random_flip(images) if self.training and self.options.flip else images


def class_means(z: Tensor, y: Tensor) -> Tensor:
    """Mean embedding of each class: z [B, S, D], y [B, S] -> [B, way, D]."""
    members = F.one_hot(y).to(z.dtype)  # [B, S, way]
    return members.transpose(1, 2) @ z / members.sum(1)[:, :, None]


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Squared Euclidean distances: a [B, Q, D], b [B, P, D] -> [B, Q, P]."""
    return (a * a).sum(-1)[:, :, None] - 2 * a @ b.transpose(1, 2) + (b * b).sum(-1)[:, None, :]
