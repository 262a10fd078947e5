"""Conditional Neural Processes (Garnelo et al. 2018, arXiv:1807.01613), as compared by Nguyen & Grover 2022.

    bench run --algo cnp --suite gp1d-rbf --recipe fast

Each context point is encoded by a small network, and the mean of the codes stands for the function. A decoder reads
that mean and a target's x, and answers with a Gaussian for its y. One forward pass replaces fitting; a mean does not
depend on the order or number of points.

The comparison of Nguyen & Grover (arXiv:2207.04179, table 1) gives it two such encoders, for as many parameters as a
neural process has. Garnelo et al. have one, and no layers after the mean: `--set encoders=1 --set post_depth=0`.
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
        encoders: int = 2  # networks that encode the context, side by side
        width: int = 128  # units of every layer
        pre_depth: int = 4  # layers before the mean over the context
        post_depth: int = 2  # layers after it
        decoder_depth: int = 3
        score_context: bool = True  # in training the context's points are targets, too

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        dx, dy, width = task.x_shape[0], task.y_dim, options.width
        self.encoders = nn.ModuleList(
            mean_of_mlp(dx + dy, width, width, options.pre_depth, options.post_depth) for _ in range(options.encoders)
        )
        self.decoder = Decoder(options.encoders * width + dx, width, 2 * dy, options.decoder_depth)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        code = torch.cat([encoder(support_x, support_y) for encoder in self.encoders], dim=-1)
        return gaussian(self.decoder(code[:, None], query_x))

    def loss(self, episodes: bench.Episodes) -> Tensor:
        """Mean negative log-density of the targets, and of the context where options.score_context says so."""
        x, y = training_targets(episodes, self.options.score_context)
        return -log_density(self.predict(episodes.support_x, episodes.support_y, x), y).mean()


class MeanEncoder(nn.Module):
    """`before` of every context pair, their mean, `after` of that: [B, S, dx], [B, S, dy] -> [B, n_out]."""

    def __init__(self, before: nn.Module, after: nn.Module) -> None:
        super().__init__()
        self.before, self.after = before, after

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        encoded: Tensor = self.after(self.before(torch.cat([x, y], dim=-1)).mean(1))
        return encoded


def mean_of_mlp(n_in: int, width: int, n_out: int, pre_depth: int, post_depth: int) -> MeanEncoder:
    """A mean between two MLPs; without layers after it (`post_depth` 0) those before end at n_out."""
    before = mlp(n_in, width, width if post_depth else n_out, pre_depth)
    return MeanEncoder(before, mlp(width, width, n_out, post_depth))


class Decoder(nn.Module):
    """An MLP of what is known of a target: parts [..., n_i] that broadcast against each other and are n_in together."""

    def __init__(self, n_in: int, width: int, n_out: int, depth: int) -> None:
        super().__init__()
        first, *rest = mlp(n_in, width, n_out, depth)
        assert isinstance(first, nn.Linear)
        self.first, self.rest = first, nn.Sequential(*rest)

    def forward(self, *parts: Tensor) -> Tensor:
        # The first layer of joined parts is a sum over the parts. What an episode's targets share is multiplied once.
        weights = torch.split(self.first.weight, [part.shape[-1] for part in parts], dim=1)
        products = [F.linear(part, weight) for part, weight in zip(parts, weights, strict=True)]
        decoded: Tensor = self.rest(sum(products, start=self.first.bias))
        return decoded


def training_targets(episodes: bench.Episodes, score_context: bool) -> tuple[Tensor, Tensor]:
    """x and y of the points that a step is scored on: the queries, with the context before them where asked."""
    if not score_context:
        return episodes.query_x, episodes.query_y
    return torch.cat([episodes.support_x, episodes.query_x], 1), torch.cat([episodes.support_y, episodes.query_y], 1)


def gaussian(decoded: Tensor) -> bench.Gaussian:
    """[..., 2 dy] -> mean and bounded standard deviation .1 + .9 softplus, as in the authors' notebook."""
    mean, raw = decoded.chunk(2, dim=-1)
    return bench.Gaussian(mean, 0.1 + 0.9 * F.softplus(raw))


def log_density(prediction: bench.Gaussian, y: Tensor) -> Tensor:
    """Log-density of every target in nats, shape of the prediction."""
    residual = (y - prediction.mean) / prediction.std
    return -0.5 * residual**2 - prediction.std.log() - 0.5 * math.log(2 * math.pi)


def mlp(n_in: int, width: int, n_out: int, depth: int) -> nn.Sequential:
    """`depth` linear layers with ReLU between them; none is the identity."""
    sizes = [n_in, *[width] * (depth - 1), n_out]
    layers: list[nn.Module] = []
    for a, b in pairwise(sizes[: depth + 1]):
        layers += [nn.Linear(a, b), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])
