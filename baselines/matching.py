"""Matching Networks (Vinyals et al. 2016, arXiv:1606.04080).

    bench run --algo matching --suite omniglot-5w1s --recipe fast --seeds 0-2

A query is compared with every support image, and its label is a vote of theirs. The votes are weighted by a softmax
over cosines of embeddings, which is attention with the labels as values. The embedding is trained through that vote; at
evaluation nothing is fitted.

Without full context embeddings, which changed little on Omniglot in the paper: support and queries are embedded alike,
each image by itself. The paper's softmax is over plain cosines, whose weights differ by a factor of at most e^2; here
they are divided by a temperature, so that one support image can dominate.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.augmentation import random_flip
from baselines.backbones import encoder


class MatchingNet(bench.EmbeddingLearner):
    family = "metric"
    transductive = False
    label_equivariant = True

    @dataclass
    class Options:
        backbone: str = "conv4"  # any name that backbones.encoder knows
        temperature: float = 0.1  # divides the cosines; 1 is the paper's equation
        flip: bool = False  # mirror half of the training images

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = encoder(options.backbone, task.x_shape)

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        return F.normalize(self.encoder(self.augment(images)), dim=-1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        cosines = query_z @ support_z.transpose(1, 2)  # of unit vectors, [B, Q, S]
        attention = (cosines / self.options.temperature).softmax(-1)  # section 2.1.1
        probabilities: Tensor = attention @ F.one_hot(support_y).to(attention.dtype)  # eq. 1, [B, Q, way]
        return probabilities.clamp(min=torch.finfo(attention.dtype).tiny).log()

    def augment(self, images: Tensor) -> Tensor:
        return random_flip(images) if self.training and self.options.flip else images
