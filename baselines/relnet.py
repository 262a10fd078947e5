"""Relation Networks (Sung et al. 2018, arXiv:1711.06025).

    bench run --algo relnet --suite omniglot-5w1s --recipe fast --seeds 0-2
    bench run --algo relnet --suite omniglot-5w1s --set norm=batch     # as published: batch statistics, transductive

How to compare is learned, not given. The feature maps of a query and of a class are joined, and a small network says
how well they match. Embedding and comparison are trained together, to answer one for the right class and zero for the
others.

The published code never leaves training mode, so that every batch norm sees all queries of the test episode. Here that
is the declared option `norm=batch`; the default evaluates with running statistics, one query at a time if need be.

The published loss is the squared error of sigmoid scores. It starts slowly: most pairs want a zero, and near zero a
sigmoid has hardly a gradient. `loss=cross_entropy` takes a query's scores as the logits of a softmax over the classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.augmentation import random_flip
from baselines.backbones import ConvBlock

PAIRS = 1_000  # compared at once at evaluation: fewer fit the processor's cache, twice as fast, and bound the memory


class RelationNet(bench.EmbeddingLearner):
    family = "metric"

    @dataclass
    class Options:
        norm: Literal["running", "batch"] = "running"  # statistics of batch norm at evaluation
        filters: int = 64
        hidden: int = 8  # units of the last hidden layer
        loss: Literal["mse", "cross_entropy"] = "mse"  # of sigmoid scores (eq. 2), or of a softmax over classes
        init: Literal["default", "he"] = "default"  # PyTorch's initial weights, or those of the authors' code
        clip_each: float | None = None  # largest gradient norm of the encoder and of the relation network, each
        flip: bool = False  # mirror half of the training images

    @property
    def transductive(self) -> bool:  # type: ignore[override]  # an option decides
        return bool(self.options.norm == "batch")

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        n, running = options.filters, options.norm == "running"
        self.encoder = nn.Sequential(
            ConvBlock(task.x_shape[0], n, padding=0, running=running),
            ConvBlock(n, n, padding=0, running=running),
            ConvBlock(n, n, pool=False, running=running),
            ConvBlock(n, n, pool=False, running=running),
        )
        size = ((task.x_shape[-1] - 2) // 2 - 2) // 2  # side of a feature map: 5 for 28 pixels, 19 for 84
        padding = 1 if size < 8 else 0  # as published: padded on Omniglot, not on mini-ImageNet
        # The first relation convolution over concat(support, query) is a sum of two: once per image, not per pair.
        self.of_support = nn.Conv2d(n, n, 3, padding=padding, bias=False)
        self.of_query = nn.Conv2d(n, n, 3, padding=padding, bias=False)
        self.pair = nn.Sequential(
            nn.BatchNorm2d(n, track_running_stats=running),
            nn.MaxPool2d(2),
            nn.ReLU(inplace=True),
            ConvBlock(n, n, padding=padding, running=running),
        )
        side = (size - 2 + 2 * padding) // 2
        side = (side - 2 + 2 * padding) // 2
        self.score = nn.Sequential(
            nn.Flatten(),
            nn.Linear(n * side * side, options.hidden),
            nn.ReLU(inplace=True),
            nn.Linear(options.hidden, 1),
        )
        if options.init == "he":
            self.apply(he_normal)
        self.to(memory_format=torch.channels_last)

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, n, h, w]
        images = random_flip(images) if self.training and self.options.flip else images
        features: Tensor = self.encoder(images.contiguous(memory_format=torch.channels_last))
        return features

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        members = F.one_hot(support_y).to(support_z.dtype)
        classes = torch.einsum("bsw,bs...->bw...", members, support_z)  # sum over shots, section 3.2
        left = self.of_support(classes.flatten(0, 1)).unflatten(0, (len(classes), 1, -1))  # [B, 1, way, n, h, w]
        right = self.of_query(query_z.flatten(0, 1)).unflatten(0, (*query_z.shape[:2], 1))  # [B, Q, 1, n, h, w]
        if self.training or self.transductive:  # batch norm has to see every pair
            return self.relate(left, right)
        queries = max(1, PAIRS // classes.shape[1])
        return torch.cat(
            [
                torch.cat([self.relate(one_left, part) for part in one_right.split(queries, dim=1)], dim=1)
                for one_left, one_right in zip(left.split(1), right.split(1), strict=True)
            ]
        )

    def relate(self, left: Tensor, right: Tensor) -> Tensor:
        """Scores [B, Q, way] of all pairs of classes [B, 1, way, n, h, w] and queries [B, Q, 1, n, h, w]."""
        pairs = left + right
        scores: Tensor = self.score(self.pair(pairs.flatten(0, 2).contiguous(memory_format=torch.channels_last)))
        return scores.view(pairs.shape[:3])

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        if self.transductive and len(query_x) > 1:  # batch statistics are those of one episode
            parts = [
                super(RelationNet, self).predict(*(part[None] for part in one))
                for one in zip(support_x, support_y, query_x, strict=True)
            ]
            return torch.cat(parts)  # type: ignore[arg-type]  # an embedding learner answers with logits
        return super().predict(support_x, support_y, query_x)

    def loss(self, episodes: bench.Episodes) -> Tensor:
        if self.options.loss == "cross_entropy":
            return super().loss(episodes)
        logits = self.predict(episodes.support_x, episodes.support_y, episodes.query_x)
        assert isinstance(logits, Tensor)
        return F.mse_loss(logits.sigmoid(), F.one_hot(episodes.query_y, logits.shape[-1]).float())  # eq. 2

    def train_step(self, episodes: bench.Episodes) -> Tensor:
        loss = super().train_step(episodes)
        if self.options.clip_each is not None:
            relation = nn.ModuleList([self.of_support, self.of_query, self.pair, self.score])
            for network in (self.encoder, relation):
                nn.utils.clip_grad_norm_(network.parameters(), self.options.clip_each)
        return loss


def he_normal(module: nn.Module) -> None:
    """The initial weights of the authors' code.

    Convolutions: normal, of variance 2 / (9 n_out). Linear layers: normal of .01, biases at 1.
    """
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.ones_(module.bias)
