"""Neural Processes with a latent and a deterministic path (Garnelo et al. 2018, arXiv:1807.01622).

    bench run --algo np --suite gp1d-rbf --recipe fast

A neural process knows a function by a random vector that stands for it, and by the mean code of its context. One draw
of the vector gives one whole function, so that its values at several targets vary together. It is trained as a
variational autoencoder: the prior is made from the context, the posterior from the context and the targets.

Training maximises the evidence lower bound per target point; evaluation mixes `test_samples` draws of the latent
variable from its prior given the context: a marginal log-likelihood per point and a joint one per episode.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

import bench
from baselines.cnp import gaussian, log_density, mlp


class NeuralProcess(bench.Learner):
    family = "model"
    domains = ("regression",)
    transductive = False

    targets_hold_context = False  # in training

    @dataclass
    class Options:
        width: int = 128
        latent: int = 128  # dimensions of z
        pre_depth: int = 4
        post_depth: int = 2
        decoder_depth: int = 3
        train_samples: int = 1  # draws of z per episode in training
        test_samples: int = 50  # draws of z at evaluation, the same for every episode

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        dx, dy, width = task.x_shape[0], task.y_dim, options.width
        self.build_deterministic_path(dx, dy)
        self.latent = MeanEncoder(dx + dy, width, 2 * options.latent, options)
        self.decoder = mlp(width + options.latent + dx, width, 2 * dy, options.decoder_depth)

    def build_deterministic_path(self, dx: int, dy: int) -> None:
        """Modules of the deterministic path, for inputs of `dx` and outputs of `dy` dimensions."""
        self.deterministic = MeanEncoder(dx + dy, self.options.width, self.options.width, self.options)

    def deterministic_path(self, x: Tensor, y: Tensor, query_x: Tensor) -> Tensor:
        """The deterministic path: what each target is told of the context, [B, Q, width]; the same for all here."""
        context: Tensor = self.deterministic(x, y)
        return context[:, None].expand(-1, query_x.shape[1], -1)

    def prior(self, x: Tensor, y: Tensor) -> Normal:
        """q(z | context): mean and std [B, latent]; std = .1 + .9 sigmoid, as in the authors' notebook."""
        mean, raw = self.latent(x, y).chunk(2, dim=-1)
        return Normal(mean, 0.1 + 0.9 * torch.sigmoid(raw), validate_args=False)

    def decode(self, context: Tensor, z: Tensor, query_x: Tensor) -> bench.Gaussian:
        """context [B, Q, width], z [K, B, latent], query_x [B, Q, dx] -> mean and std [K, B, Q, dy]."""
        k, q = z.shape[0], query_x.shape[1]
        parts = (context.expand(k, -1, -1, -1), z[:, :, None].expand(-1, -1, q, -1), query_x.expand(k, -1, -1, -1))
        return gaussian(self.decoder(torch.cat(parts, dim=-1)))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.GaussianMixture:
        prior = self.prior(support_x, support_y)
        draws = self.noise("z", (self.options.test_samples, 1, self.options.latent))
        context = self.deterministic_path(support_x, support_y, query_x)
        decoded = self.decode(context, prior.mean + prior.stddev * draws, query_x)
        return bench.GaussianMixture(decoded.mean, decoded.std)

    def loss(self, episodes: bench.Episodes) -> Tensor:
        """Negative evidence lower bound per target point; the posterior sees context and targets."""
        x, y = episodes.support_x, episodes.support_y
        all_x, all_y = torch.cat([x, episodes.query_x], dim=1), torch.cat([y, episodes.query_y], dim=1)
        posterior = self.prior(all_x, all_y)
        z = posterior.rsample((self.options.train_samples,))
        target_x, target_y = (all_x, all_y) if self.targets_hold_context else (episodes.query_x, episodes.query_y)
        decoded = self.decode(self.deterministic_path(x, y, target_x), z, target_x)
        fit = log_density(decoded, target_y).sum((2, 3)).mean(0)  # [B]
        bound = fit - kl_divergence(posterior, self.prior(x, y)).sum(-1)  # [B]
        return -bound.mean() / target_y.shape[1]


class MeanEncoder(nn.Module):
    """Mean of an MLP over the context pairs, then another MLP: [B, S, dx], [B, S, dy] -> [B, n_out]."""

    def __init__(self, n_in: int, width: int, n_out: int, options: NeuralProcess.Options) -> None:
        super().__init__()
        self.before = mlp(n_in, width, width, options.pre_depth)
        self.after = mlp(width, width, n_out, options.post_depth)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        encoded: Tensor = self.after(F.relu(self.before(torch.cat([x, y], dim=-1)).mean(1)))
        return encoded
