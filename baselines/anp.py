"""Attentive Neural Processes (Kim et al. 2019, arXiv:1901.05761).

    bench run --algo anp --suite gp1d-rbf --recipe fast

A neural process whose deterministic path is multi-head attention from every target to the context. As in the authors'
notebook, the encoders have no self-attention, and in training the targets include the context. Evaluation mixes
`test_samples` draws of the latent variable from its prior, as np does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

import bench
from baselines.cnp import gaussian, log_density, mlp
from baselines.np import MeanEncoder, NeuralProcess


class ANP(bench.Learner):
    family = "model"
    transductive = False

    @dataclass
    class Options(NeuralProcess.Options):
        heads: int = 8
        key_depth: int = 2  # layers from an input x to its key or query

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return None if task.kind == "regression" else "predicts functions; the suite asks for classes"

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        dx, dy, width = task.x_shape[0], task.y_dim, options.width
        self.values = mlp(dx + dy, width, width, options.pre_depth)
        self.keys = mlp(dx, width, width, options.key_depth)  # queries too: both are inputs x
        self.attention = Attention(width, options.heads)
        self.latent = MeanEncoder(dx + dy, width, 2 * options.latent, options)
        self.decoder = mlp(width + options.latent + dx, width, 2 * dy, options.decoder_depth)

    def prior(self, x: Tensor, y: Tensor) -> Normal:
        """q(z | points): mean and std [B, latent]; std = .1 + .9 sigmoid, as in the authors' notebook."""
        mean, raw = self.latent(x, y).chunk(2, dim=-1)
        return Normal(mean, 0.1 + 0.9 * torch.sigmoid(raw), validate_args=False)

    def attend(self, x: Tensor, y: Tensor, query_x: Tensor) -> Tensor:
        """The deterministic path: one representation a target, [B, Q, width]."""
        attended: Tensor = self.attention(self.keys(query_x), self.keys(x), self.values(torch.cat([x, y], dim=-1)))
        return attended

    def decode(self, attended: Tensor, z: Tensor, query_x: Tensor) -> bench.Gaussian:
        """attended [B, Q, width], z [K, B, latent], query_x [B, Q, dx] -> mean and std [K, B, Q, dy]."""
        k, q = z.shape[0], query_x.shape[1]
        parts = (attended.expand(k, -1, -1, -1), z[:, :, None].expand(-1, -1, q, -1), query_x.expand(k, -1, -1, -1))
        return gaussian(self.decoder(torch.cat(parts, dim=-1)))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.GaussianMixture:
        prior = self.prior(support_x, support_y)
        draws = self.noise("z", (self.options.test_samples, 1, self.options.latent))
        attended = self.attend(support_x, support_y, query_x)
        decoded = self.decode(attended, prior.mean + prior.stddev * draws, query_x)
        return bench.GaussianMixture(decoded.mean, decoded.std)

    def loss(self, episodes: bench.Episodes) -> Tensor:
        """Negative evidence lower bound per point, eq. 3, where the targets include the context."""
        x, y = episodes.support_x, episodes.support_y
        all_x, all_y = torch.cat([x, episodes.query_x], dim=1), torch.cat([y, episodes.query_y], dim=1)
        posterior = self.prior(all_x, all_y)
        z = posterior.rsample((self.options.train_samples,))
        decoded = self.decode(self.attend(x, y, all_x), z, all_x)
        fit = log_density(decoded, all_y).sum((2, 3)).mean(0)  # [B]
        bound = fit - kl_divergence(posterior, self.prior(x, y)).sum(-1)  # [B]
        return -bound.mean() / all_y.shape[1]


class Attention(nn.Module):
    """Multi-head scaled dot-product attention: queries [B, Q, width], keys and values [B, S, width]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        q, k, v = (self.split(part) for part in (self.query(queries), self.key(keys), self.value(values)))
        attended: Tensor = self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return attended

    def split(self, x: Tensor) -> Tensor:
        """[B, N, width] -> [B, heads, N, width / heads]."""
        b, n, width = x.shape
        return x.view(b, n, self.heads, width // self.heads).transpose(1, 2)
