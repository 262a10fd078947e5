"""SNAIL, a simple neural attentive meta-learner (Mishra et al. 2018, arXiv:1707.03141).

    bench run --algo snail --suite omniglot-5w1s --recipe fast --seeds 0-2

An episode is a sequence: every support image with its label, then one query without. Causal attention and dilated
causal convolutions read it, and the output at the query is the answer. Queries never meet each other, so that the
support part of the sequence, the same for all of them, is computed once per episode.

The answer depends on the order of the support set. As published the order is shuffled in training; at evaluation it is
one fixed shuffle for every episode. The pseudo-code numbers dilations from 2 on; here they are 1, 2, 4, ..., which
reach every earlier position, the odd ones too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.backbones import encoder
from baselines.pretraining import feature_size


class SNAIL(bench.EmbeddingLearner):
    family = "model"
    transductive = False

    @dataclass
    class Options:
        backbone: str = "conv4"  # any name that backbones.encoder knows
        embedding: int = 64  # dimensions of an embedded image
        filters: int = 128  # of every temporal convolution

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        backbone = encoder(options.backbone, task.x_shape)
        self.encoder = nn.Sequential(backbone, nn.Linear(feature_size(backbone, task.x_shape), options.embedding))
        length = task.way * task.shot + 1
        blocks: list[Attention | TemporalConvolutions] = []
        width = options.embedding + task.way
        for keys, values in ((64, 32), (256, 128), (512, 256)):  # appendix: attention sizes of few-shot classification
            if blocks:
                blocks.append(TemporalConvolutions(width, length, options.filters))
                width = blocks[-1].n_out
            blocks.append(Attention(width, keys, values))
            width = blocks[-1].n_out
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(width, task.way)

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, embedding]
        embedding: Tensor = self.encoder(images)
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        b, s = support_y.shape
        noise = torch.rand(b, s, device=support_z.device) if self.training else self.noise("order", (s,)).expand(b, -1)
        order = noise.argsort(1).to(support_z.device)
        labels = F.one_hot(support_y.gather(1, order), self.task.way).to(support_z.dtype)
        support = torch.cat([support_z.gather(1, order[:, :, None].expand_as(support_z)), labels], dim=-1)
        query = F.pad(query_z, (0, self.task.way))  # no label
        h = torch.cat([support, query], dim=1)
        for block in self.blocks:
            h = block(h, s)
        logits: Tensor = self.head(h[:, s:])
        return logits


# Below, h [B, S + Q, D] stands for Q sequences of S + 1 positions each: the same support set, then a query.


class Attention(nn.Module):
    """A causal soft-attention read, concatenated to its input: [B, S + Q, D] -> [B, S + Q, D + values]."""

    def __init__(self, n_in: int, keys: int, values: int) -> None:
        super().__init__()
        self.query = nn.Linear(n_in, keys)
        self.key = nn.Linear(n_in, keys, bias=False)  # a bias adds the same to every position: softmax removes it
        self.value = nn.Linear(n_in, values)
        self.n_out = n_in + values

    def forward(self, h: Tensor, n_support: int) -> Tensor:
        read = F.scaled_dot_product_attention(self.query(h), self.key(h), self.value(h), visible(h, n_support))
        return torch.cat([h, read], dim=-1)


class TemporalConvolutions(nn.Module):
    """ceil(log2 length) dense blocks with dilations 1, 2, 4, ...: [B, S + Q, D] -> [B, S + Q, D + blocks * filters]."""

    def __init__(self, n_in: int, length: int, filters: int) -> None:
        super().__init__()
        self.dilations = [2**i for i in range(math.ceil(math.log2(length)))]
        self.gated = nn.ModuleList(
            nn.Linear(2 * (n_in + i * filters), 2 * filters) for i in range(len(self.dilations))
        )  # convolutions over two positions: inputs [earlier, this], outputs [activation, gate]
        self.n_out = n_in + len(self.dilations) * filters

    def forward(self, h: Tensor, n_support: int) -> Tensor:
        for dilation, gated in zip(self.dilations, self.gated, strict=True):
            activation, gate = gated(torch.cat([earlier(h, n_support, dilation), h], dim=-1)).chunk(2, dim=-1)
            h = torch.cat([h, activation.tanh() * gate.sigmoid()], dim=-1)
        return h


def visible(h: Tensor, n_support: int) -> Tensor:
    """Which positions each may attend to, bool [S + Q, S + Q]: earlier support and itself, never another query."""
    n = h.shape[1]
    causal = torch.ones(n, n, dtype=torch.bool, device=h.device).tril()
    causal[:, n_support:] = False
    return causal | torch.eye(n, dtype=torch.bool, device=h.device)


def earlier(h: Tensor, n_support: int, dilation: int) -> Tensor:
    """What lies `dilation` positions before each, zero before the start: [B, S + Q, D] -> same."""
    position = torch.arange(h.shape[1], device=h.device).clamp_max(n_support)
    padded = F.pad(h[:, :n_support], (0, 0, dilation, 0))
    return padded[:, position]
