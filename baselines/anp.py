"""Attentive Neural Processes (Kim et al. 2019, arXiv:1901.05761).

    bench run --algo anp --suite gp1d-rbf --recipe fast

A neural process that looks: its deterministic path is multi-head attention from every target to the context. Each
target takes most from the context points that matter for it, while a mean over the context would tell all targets the
same. A latent variable still stands for what the context leaves open.

As in the authors' notebook, the encoders have no self-attention, and in training the targets include the context.
Evaluation mixes `test_samples` draws of the latent variable from its prior, as np does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from baselines.attention import multi_head
from baselines.cnp import mlp
from baselines.np import NeuralProcess


class ANP(NeuralProcess):
    family = "model"
    transductive = False

    targets_hold_context = True  # eq. 3

    @dataclass
    class Options(NeuralProcess.Options):
        heads: int = 8
        key_depth: int = 2  # layers from an input x to its key or query

    def build_deterministic_path(self, dx: int, dy: int) -> None:
        options, width = self.options, self.options.width
        self.values = mlp(dx + dy, width, width, options.pre_depth)
        self.keys = mlp(dx, width, width, options.key_depth)  # queries too: both are inputs x
        self.attention = Attention(width, options.heads)

    def deterministic_path(self, x: Tensor, y: Tensor, query_x: Tensor) -> Tensor:
        """The deterministic path: one representation a target, [B, Q, width]."""
        attended: Tensor = self.attention(self.keys(query_x), self.keys(x), self.values(torch.cat([x, y], dim=-1)))
        return attended


class Attention(nn.Module):
    """Multi-head scaled dot-product attention: queries [B, Q, width], keys and values [B, S, width]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        attended: Tensor = self.out(multi_head(self.query(queries), self.key(keys), self.value(values), self.heads))
        return attended
