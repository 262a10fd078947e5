"""The exact Gaussian-process posterior with the true kernel and hyperparameters: a bound, not a competitor.

    bench run --algo gp_oracle --suite gp1d-rbf

What generated each function is told to it: kernel, noise and hyperparameters. With them the posterior of a Gaussian
process is exact, and nothing that sees only the points can expect a higher likelihood. Its distance to a learner is
what is left to be learned.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

import bench


class GPOracle(bench.Learner):
    family = "reference"
    domains = ("regression",)
    transductive = False
    trains = False
    privileged = "kernel, noise and hyperparameters of each function"

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return None if task.kernel else "knows Gaussian processes only"

    def predict(  # type: ignore[override]  # an oracle is also told what generated each function
        self, support_x: Tensor, support_y: Tensor, query_x: Tensor, parameters: dict[str, Tensor]
    ) -> bench.MultivariateGaussian:
        """Rasmussen & Williams 2006, eqs. 2.22-2.24, in float64; the covariance is that of noisy observations."""
        x, y, q = support_x.double(), support_y.double(), query_x.double()
        noise = self.task.noise**2
        k_ss = self.kernel(x, x, parameters) + noise * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        k_sq = self.kernel(x, q, parameters)
        k_qq = self.kernel(q, q, parameters) + noise * torch.eye(q.shape[1], dtype=x.dtype, device=x.device)
        factor = torch.linalg.cholesky(k_ss)
        mean = k_sq.transpose(1, 2) @ torch.cholesky_solve(y, factor)
        half = torch.linalg.solve_triangular(factor, k_sq, upper=False)
        return bench.MultivariateGaussian(mean, k_qq - half.transpose(1, 2) @ half)

    def kernel(self, a: Tensor, b: Tensor, parameters: dict[str, Tensor]) -> Tensor:
        """Covariance [B, P, Q] of function values at a [B, P, 1] and b [B, Q, 1]."""
        length, scale, period = (parameters[name].double()[:, None, None] for name in ("length", "scale", "period"))
        d = (a - b.transpose(1, 2)).abs()
        if self.task.kernel == "rbf":
            return scale**2 * torch.exp(-(d**2) / (2 * length**2))
        if self.task.kernel == "matern52":
            r = math.sqrt(5) * d / length
            return scale**2 * (1 + r + r**2 / 3) * torch.exp(-r)
        return scale**2 * torch.exp(-2 * torch.sin(math.pi * d / period) ** 2 / length**2)
