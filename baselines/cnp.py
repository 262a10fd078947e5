"""Conditional Neural Processes (Garnelo et al. 2018, arXiv:1807.01613), sizes of the TNP protocol.

    bench run --algo cnp --suite gp1d-rbf --recipe fast

Each context point is encoded by a small network, and the mean of the codes stands for the function. A decoder reads
that mean and a target's x, and answers with a Gaussian for its y. One forward pass replaces fitting; a mean does not
depend on the order or number of points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench


class CNP(bench.Learner):
    family = "model"
    domains = ("regression",)
    transductive = False

    @dataclass
    class Options:
        width: int = 128  # units of every layer
        pre_depth: int = 4  # layers before the mean over the context
        post_depth: int = 2  # layers after it
        decoder_depth: int = 3

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        dx, dy, width = task.x_shape[0], task.y_dim, options.width
        self.before = mlp(dx + dy, width, width, options.pre_depth)
        self.after = mlp(width, width, width, options.post_depth)
        self.decoder = mlp(width + dx, width, 2 * dy, options.decoder_depth)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        pairs = torch.cat([support_x, support_y], dim=-1)  # [B, S, dx + dy]
        context = self.after(self.before(pairs).mean(1, keepdim=True))  # [B, 1, width]
        decoded = self.decoder(torch.cat([context.expand(-1, query_x.shape[1], -1), query_x], dim=-1))
        return gaussian(decoded)


def gaussian(decoded: Tensor) -> bench.Gaussian:
    """[..., 2 dy] -> mean and bounded standard deviation .1 + .9 softplus, as in the authors' notebook."""
    mean, raw = decoded.chunk(2, dim=-1)
    return bench.Gaussian(mean, 0.1 + 0.9 * F.softplus(raw))


def log_density(prediction: bench.Gaussian, y: Tensor) -> Tensor:
    """Log-density of every target in nats, shape of the prediction."""
    residual = (y - prediction.mean) / prediction.std
    return -0.5 * residual**2 - prediction.std.log() - 0.5 * math.log(2 * math.pi)


def mlp(n_in: int, width: int, n_out: int, depth: int) -> nn.Sequential:
    """`depth` linear layers with ReLU between them."""
    sizes = [n_in, *[width] * (depth - 1), n_out]
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])
