"""Transformer Neural Processes, diagonal variant TNP-D (Nguyen & Grover 2022, arXiv:2207.04179).

    bench run --algo tnp --suite gp1d-rbf --recipe fast

A transformer reads a function as a set of points: a token for every context point and every target. Targets attend to
the context, not to each other, and each is answered with a Gaussian. Layer upon layer of attention takes the place of
the one mean of a neural process.

A token per point: (x, y) of the context, (x, 0) of a target. The authors mask a full self-attention so that every token
sees the context and nothing else. Keys and values are then those of the context alone, and no mask is left: one
attention with all tokens as queries, and in the last layer those of the targets only.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import bench
from baselines.attention import multi_head
from baselines.cnp import mlp


class TNP(bench.Learner):
    family = "model"
    domains = ("regression",)
    transductive = False

    @dataclass
    class Options:
        width: int = 64  # of a token; this and all below as in the authors' code
        layers: int = 6
        heads: int = 4
        hidden: int = 128  # units of the feed-forward layers and of the head
        embed_depth: int = 4  # linear layers from a point to its token

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        dx, dy, width = task.x_shape[0], task.y_dim, options.width
        self.embed = mlp(dx + dy, width, width, options.embed_depth)
        self.blocks = nn.ModuleList(Block(width, options.heads, options.hidden) for _ in range(options.layers))
        self.head = mlp(width, options.hidden, 2 * dy, 2)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        unknown = query_x.new_zeros(*query_x.shape[:2], support_y.shape[2])
        points = torch.cat([torch.cat([support_x, support_y], -1), torch.cat([query_x, unknown], -1)], dim=1)
        tokens, s = self.embed(points), support_x.shape[1]  # [B, S + Q, width]
        for block in self.blocks[:-1]:
            tokens = block(tokens, tokens[:, :s])
        targets = self.blocks[-1](tokens[:, s:], tokens[:, :s])  # nobody reads the context's last layer
        mean, log_std = self.head(targets).chunk(2, dim=-1)
        # The authors leave the deviation of TNP-D unbounded. The lower bound .1 of cnp and np caps the score at 1.36
        # nats a point; the data's noise of .02 allows 2.49 where the function is known.
        return bench.Gaussian(mean, log_std.exp())


class Block(nn.Module):
    """Post-norm transformer layer: tokens [B, N, width] attend to the context [B, S, width]."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.forth = mlp(width, hidden, width, 2)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        keys, values = self.key_value(context).chunk(2, dim=-1)
        seen = multi_head(self.query(tokens), keys, values, self.heads)
        tokens = self.norms[0](tokens + self.out(seen))
        updated: Tensor = self.norms[1](tokens + self.forth(tokens))
        return updated
