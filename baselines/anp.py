"""Attentive Neural Processes (Kim et al. 2019, arXiv:1901.05761), as compared by Nguyen & Grover 2022.

    bench run --algo anp --suite gp1d-rbf --recipe fast

A neural process that looks: its deterministic path is multi-head attention from every target to the context. Each
target takes most from the context points that matter for it, while a mean over the context would tell all targets the
same. A latent variable still stands for what the context leaves open.

Networks and bound are those of the comparison (arXiv:2207.04179, table 1): in both paths the context's points attend
to each other before they are summed up. `--set self_attention=false` leaves that out, as Kim et al.'s notebook does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.attention import multi_head
from baselines.cnp import MeanEncoder, mlp
from baselines.np import NeuralProcess


class ANP(NeuralProcess):
    family = "model"
    transductive = False

    @dataclass
    class Options(NeuralProcess.Options):
        heads: int = 8
        key_depth: int = 2  # layers from an input x to its key or query
        self_attention: bool = True  # among the context's points, in place of two of the pre_depth layers

    def build_encoders(self, dx: int, dy: int) -> None:
        o = self.options
        self.deterministic = CrossEncoder(dx, dy, o)
        before = code_of_points(dx + dy, o, nn.ReLU())
        self.latent = MeanEncoder(before, mlp(o.width, o.width, 2 * o.latent, o.post_depth))

    def deterministic_path(self, x: Tensor, y: Tensor, query_x: Tensor) -> Tensor:
        """The deterministic path: one representation a target, [B, Q, width]."""
        attended: Tensor = self.deterministic(x, y, query_x)
        return attended


class CrossEncoder(nn.Module):
    """Targets attend to the context: x [B, S, dx], y [B, S, dy], query_x [B, Q, dx] -> [B, Q, width]."""

    def __init__(self, dx: int, dy: int, options: ANP.Options) -> None:
        super().__init__()
        width = options.width
        self.keys = mlp(dx, width, width, options.key_depth)  # queries too: both are inputs x
        self.values = code_of_points(dx + dy, options)
        self.attention = Attention(width, options.heads)

    def forward(self, x: Tensor, y: Tensor, query_x: Tensor) -> Tensor:
        values = self.values(torch.cat([x, y], dim=-1))
        attended: Tensor = self.attention(self.keys(query_x), self.keys(x), values)
        return attended


def code_of_points(n_in: int, options: ANP.Options, *between: nn.Module) -> nn.Sequential:
    """[B, S, n_in] -> [B, S, width]: an MLP of every point, and self-attention after the modules `between`."""
    width = options.width
    if not options.self_attention:
        return mlp(n_in, width, width, options.pre_depth)
    layers = mlp(n_in, width, width, options.pre_depth - 2)
    return nn.Sequential(layers, *between, SelfAttention(width, options.heads))


class Attention(nn.Module):
    """Multi-head attention, post-norm: queries [B, Q, width], keys and values [B, S, width] -> [B, Q, width]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        q, k, v = self.query(queries), self.key(keys), self.value(values)
        # The comparison's code divides dot products by the root of all dimensions, not of one head's.
        seen = multi_head(q / math.sqrt(self.heads), k, v, self.heads)
        attended = self.norms[0](q + seen)
        updated: Tensor = self.norms[1](attended + F.relu(self.out(attended)))
        return updated


class SelfAttention(Attention):
    """Points attend to each other: [B, S, width] -> [B, S, width]."""

    def forward(self, points: Tensor) -> Tensor:  # type: ignore[override]  # one argument in place of three
        return super().forward(points, points, points)
