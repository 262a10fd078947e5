"""Meta-SGD (Li et al. 2017, arXiv:1707.09835): MAML whose inner rates are learned, one for every weight.

    bench run --algo metasgd --suite sinusoid-10s --recipe fast --seeds 0-2

MAML learns where to start; Meta-SGD also learns how far to go, and which way. Every weight has an inner rate, learned
like the weights. With them one step can do what takes MAML several.

The rates start at `inner_lr` and may become negative. Networks, losses and `norm` are those of maml.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

import bench
from baselines.maml import MAML, Weights


class MetaSGD(MAML):
    family = "optimization"
    transductive = MAML.transductive  # norm=batch is

    def __init__(self, task: bench.TaskSpec, options: MAML.Options) -> None:
        super().__init__(task, options)
        weights = dict(self.net.named_parameters())
        self.fast = sorted(self.net.adapted)
        self.net.rates = nn.ParameterList(torch.full_like(weights[name], options.inner_lr) for name in self.fast)

    def inner_step(self, weights: Weights, x: Tensor, y: Tensor) -> Weights:
        """Algorithm 1, line 6: theta' = theta - alpha o grad L(theta), alpha of theta's shape."""
        gradient = torch.func.grad(self.support_loss)(weights, x, y)
        if self.options.first_order:
            gradient = {name: g.detach() for name, g in gradient.items()}
        return weights | {
            name: weights[name] - weights[f"rates.{index}"] * gradient[name] for index, name in enumerate(self.fast)
        }
