"""Bayesian ridge regression on random Fourier features (Rahimi & Recht 2007), nothing meta-learned.

A smoothness prior of one length scale for a whole suite: what knowing "these functions are about that smooth" gives
without learning how they are shaped. Features approximate the RBF kernel, so that on gp1d-rbf the exact posterior of
gp_oracle, told each function's hyperparameters, is its bound.

The defaults are a prior for each function class, chosen on a training stream by mean log-likelihood over a grid of
length, scale and noise; no test episode took part. Gaussian processes: the best of 27 settings on 400 functions;
Matern and periodic suites are trained on RBF functions and share it. Sinusoids: of the three settings within .01 nats
of the best of 45, on 960 functions for each context size, the one with the least squared error. They have no noise;
what is left stands for the misfit of the prior, and .005 is the edge of the grid.

    bench run --algo ridge --suite sinusoid-10s
    bench run --algo ridge --suite gp1d-rbf
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

import bench

GP_PRIOR, SINUSOID_PRIOR = (0.175, 0.5, 0.03), (2.25, 5.0, 0.005)  # length scale, signal and noise deviation


class Ridge(bench.Learner):
    family = "reference"
    domains = ("regression",)
    transductive = False
    trains = False

    @dataclass
    class Options:
        features: int = 1000  # random frequencies, a sine and a cosine each
        length: float | None = None  # length scale of the prior; None, here and below: the function class decides
        scale: float | None = None  # standard deviation of a function's value under the prior
        noise: float | None = None  # standard deviation of an observation; the ridge penalty is (noise / scale)^2

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        prior = GP_PRIOR if task.kernel else SINUSOID_PRIOR
        given = (options.length, options.scale, options.noise)
        self.length, self.scale, self.deviation = (
            default if value is None else value for value, default in zip(given, prior, strict=True)
        )

    def features(self, x: Tensor) -> Tensor:
        """[B, M, dx] -> [B, M, 2 * features]; products of features approximate scale^2 exp(-|d|^2 / (2 length^2))."""
        frequencies = self.noise("frequencies", (x.shape[-1], self.options.features)).to(x) / self.length
        angles = x @ frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=-1) * (self.scale / math.sqrt(self.options.features))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        """Posterior of a linear model with standard normal weights, solved in the smaller space of the support points.

        Rasmussen & Williams 2006, eq. 2.12, in float64. The deviation is that of a noisy observation, and holds for
        every output alike.
        """
        support, query = self.features(support_x.double()), self.features(query_x.double())
        noise = self.deviation**2
        identity = torch.eye(support.shape[1], dtype=support.dtype, device=support.device)
        factor = torch.linalg.cholesky(support @ support.transpose(1, 2) + noise * identity)
        cross = support @ query.transpose(1, 2)  # [B, S, Q]
        mean = cross.transpose(1, 2) @ torch.cholesky_solve(support_y.double(), factor)
        explained = torch.linalg.solve_triangular(factor, cross, upper=False).square().sum(1)  # [B, Q]
        variance = (self.scale**2 - explained).clamp_min(0) + noise  # sine and cosine features have norm `scale`
        std = variance.sqrt()[:, :, None].expand_as(mean)
        return bench.Gaussian(mean.to(support_y), std.to(support_y))
