"""A conditional neural process."""

from __future__ import annotations

LEARNER = '''"""$title: replace this line by what it is and where it comes from (paper, year, arXiv id).

    bench run --algo $file:$title --suite $suite --budget short
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench


class $title(bench.Learner):
    """The mean of encoded support points tells a decoder the function (a conditional neural process). Change both."""

    family = "model"
    domains = ("regression",)

    @dataclass
    class Options:
        width: int = 128  # every field is a --set key=value

    def __init__(self, task: bench.FunctionSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = mlp(task.x_dim + task.y_dim, options.width, options.width)
        self.decoder = mlp(task.x_dim + options.width, options.width, 2 * task.y_dim)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        code = self.encoder(torch.cat([support_x, support_y], dim=-1)).mean(1, keepdim=True)  # [B, 1, width]
        asked = torch.cat([query_x, code.expand(-1, query_x.shape[1], -1)], dim=-1)
        mean, spread = self.decoder(asked).chunk(2, dim=-1)  # [B, Q, dy] each
        return bench.Gaussian(mean, 0.1 + 0.9 * F.softplus(spread))


def mlp(n_in: int, width: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, n_out))
'''

RECIPE = """# Recipes of $name: recipe, suite pattern, fields. The first pattern that fits the suite counts.
fast:
  "*":
    steps: 5000 # optimiser steps
    batch: 16 # episodes a step
    optimizer: {name: adam, lr: 1.0e-3}
    schedule: {name: cosine}
"""
