"""Neural Processes with a latent and a deterministic path (Garnelo et al. 2018, arXiv:1807.01622).

    bench run --algo np --suite gp1d-rbf --recipe fast

A neural process knows a function by a random vector that stands for it, and by the mean code of its context. One draw
of the vector gives one whole function, so that its values at several targets vary together. It is trained as a
variational autoencoder: the prior is made from the context, the posterior from the context and the targets.

As in the comparison of Nguyen & Grover 2022 (arXiv:2207.04179, table 1), training maximises the importance-weighted
bound (Burda et al. 2016, arXiv:1509.00519, eq. 8) of four draws. Garnelo et al. have one, `--set train_samples=1`: the
evidence lower bound. Evaluation mixes `test_samples` draws of the latent variable from its prior given the context: a
marginal log-likelihood per point and a joint one per episode.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

import bench
from baselines.cnp import Decoder, gaussian, log_density, mean_of_mlp, training_targets


class NeuralProcess(bench.Learner):
    family = "model"
    domains = ("regression",)
    transductive = False

    @dataclass
    class Options:
        width: int = 128
        latent: int = 128  # dimensions of z
        pre_depth: int = 4
        post_depth: int = 2
        decoder_depth: int = 3
        score_context: bool = True  # in training the context's points are targets, too
        train_samples: int = 4  # draws of z per episode in training
        test_samples: int = 50  # draws of z at evaluation, the same for every episode

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        dx, dy, width = task.x_shape[0], task.y_dim, options.width
        self.build_encoders(dx, dy)
        self.decoder = Decoder(width + options.latent + dx, width, 2 * dy, options.decoder_depth)

    def build_encoders(self, dx: int, dy: int) -> None:
        """Modules of the deterministic and of the latent path, for inputs of `dx` and outputs of `dy` dimensions."""
        o = self.options
        self.deterministic: nn.Module = mean_of_mlp(dx + dy, o.width, o.width, o.pre_depth, o.post_depth)
        self.latent = mean_of_mlp(dx + dy, o.width, 2 * o.latent, o.pre_depth, o.post_depth)

    def deterministic_path(self, x: Tensor, y: Tensor, query_x: Tensor) -> Tensor:
        """What each target is told of the context, [B, Q, width]; here [B, 1, width], the same for all of them."""
        context: Tensor = self.deterministic(x, y)
        return context[:, None]

    def prior(self, x: Tensor, y: Tensor) -> Normal:
        """q(z | context): mean and std [B, latent]; std = .1 + .9 sigmoid, as in the authors' notebook."""
        mean, raw = self.latent(x, y).chunk(2, dim=-1)
        return Normal(mean, 0.1 + 0.9 * torch.sigmoid(raw), validate_args=False)

    def decode(self, context: Tensor, z: Tensor, query_x: Tensor) -> bench.Gaussian:
        """context [B, Q or 1, width], z [K, B, latent], query_x [B, Q, dx] -> mean and std [K, B, Q, dy]."""
        return gaussian(self.decoder(context, z[:, :, None], query_x))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.GaussianMixture:
        prior = self.prior(support_x, support_y)
        draws = self.noise("z", (self.options.test_samples, 1, self.options.latent))
        context = self.deterministic_path(support_x, support_y, query_x)
        decoded = self.decode(context, prior.mean + prior.stddev * draws, query_x)
        return bench.GaussianMixture(decoded.mean, decoded.std)

    def loss(self, episodes: bench.Episodes) -> Tensor:
        """Negative bound on the targets' log-likelihood, per target point; the posterior sees context and targets."""
        x, y = episodes.support_x, episodes.support_y
        prior, posterior = self.prior(x, y), self.prior(*training_targets(episodes, score_context=True))
        z = posterior.rsample((self.options.train_samples,))
        target_x, target_y = training_targets(episodes, self.options.score_context)
        decoded = self.decode(self.deterministic_path(x, y, target_x), z, target_x)
        fit = log_density(decoded, target_y).sum((2, 3))  # [K, B]
        return -bound(fit, z, prior, posterior).mean() / target_y.shape[1]


def bound(fit: Tensor, z: Tensor, prior: Normal, posterior: Normal) -> Tensor:
    """Importance-weighted bound in nats [B] of the log-densities `fit` [K, B] under draws z [K, B, latent].

    With one draw it is the evidence lower bound, whose divergence is then taken in closed form, as it varies less.
    """
    if len(z) == 1:
        return fit[0] - kl_divergence(posterior, prior).sum(-1)
    ratio: Tensor = prior.log_prob(z) - posterior.log_prob(z)  # type: ignore[no-untyped-call]  # torch's
    log_weights = fit + ratio.sum(-1)
    return log_weights.logsumexp(0) - math.log(len(z))
