"""Convolutional Conditional Neural Processes (Gordon et al. 2020, arXiv:1910.13556), the larger network for 1-D inputs.

    bench run --algo convcnp --suite gp1d-rbf --recipe fast

The context is laid on a grid: at each grid point, how much data lies near and what it says. A convolutional network
reads the grid, and targets interpolate its output. As convolutions move with their input, a function that is shifted is
predicted shifted, also beyond where training was.

The authors lay their grid over context and targets of a batch. Here an answer must not depend on the other targets, so
the grid of an episode is centred on its context and has a fixed length: predictions move with the data exactly,
whatever the shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench

HALVINGS = 6  # strided layers of the network: the number of grid points is a multiple of 2 ** 6


class ConvCNP(bench.Learner):
    family = "model"
    domains = ("regression",)
    transductive = False

    @dataclass
    class Options:
        density: int = 64  # grid points per unit of x
        reach: float = 4.0  # units of x on either side of the context's middle; targets beyond it see no data
        channels: int = 8  # of the grid at full resolution

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return None if task.x_shape == (1,) else "its grid has one dimension; the suite's inputs have more"

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.cells = 2**HALVINGS * math.ceil(2 * options.reach * options.density / 2**HALVINGS)
        self.to_grid = SetConv(2 / options.density)
        self.lift = nn.Linear(task.y_dim + 1, options.channels)
        self.network = UNet(options.channels)
        self.from_grid = SetConv(2 / options.density)
        self.head = nn.Linear(2 * options.channels, 2 * task.y_dim)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        middle = (support_x.amin(1, keepdim=True) + support_x.amax(1, keepdim=True)) / 2  # [B, 1, 1]
        x, q = support_x - middle, query_x - middle
        steps = torch.arange(self.cells, dtype=x.dtype, device=x.device) - (self.cells - 1) / 2
        grid = (steps[:, None] / self.options.density).expand(len(x), -1, -1)  # [B, G, 1]
        ones = torch.ones_like(support_y[..., :1])
        sums = self.to_grid(grid, x, torch.cat([ones, support_y], dim=-1))  # [B, G, 1 + dy]
        near = sums[..., :1]  # how much data lies around a grid point: the density channel
        h = self.lift(torch.cat([near, sums[..., 1:] / (near + 1e-8)], dim=-1))  # [B, G, channels]
        h = self.network(F.relu(h).transpose(1, 2)).transpose(1, 2)
        mean, raw = self.head(self.from_grid(q, grid, h)).chunk(2, dim=-1)
        # The authors' softplus has no lower bound; .01 lies under the data's noise of .02 and keeps densities finite.
        return bench.Gaussian(mean, 0.01 + 0.99 * F.softplus(raw))


class SetConv(nn.Module):
    """eq. 3 without normalisation: sums of values weighted by a Gaussian of a learned length scale in x."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self.log_length = nn.Parameter(torch.tensor(length).log())

    def forward(self, at: Tensor, x: Tensor, values: Tensor) -> Tensor:
        """at [B, A, 1], x [B, N, 1], values [B, N, D] -> [B, A, D]."""
        exponents = -0.5 * ((at - x.transpose(1, 2)) / self.log_length.exp()) ** 2
        return exponents.clamp_min(-50).exp() @ values  # where exp underflows it takes ten times as long


class UNet(nn.Module):
    """Twelve convolutions of width 5, six down and six up, each of the latter joined with its counterpart:

    [B, c, G] -> [B, 2 c, G].
    """

    def __init__(self, c: int) -> None:
        super().__init__()
        down = [c, c, 2 * c, 2 * c, 4 * c, 4 * c, 8 * c]
        up = [4 * c, 4 * c, 2 * c, 2 * c, c, c]
        self.down = nn.ModuleList(nn.Conv1d(down[i], down[i + 1], 5, 2, 2) for i in range(HALVINGS))
        inputs = [down[-1], *(up[i] + down[-2 - i] for i in range(HALVINGS - 1))]
        self.up = nn.ModuleList(
            nn.ConvTranspose1d(n_in, n_out, 5, 2, 2, output_padding=1) for n_in, n_out in zip(inputs, up, strict=True)
        )

    def forward(self, h: Tensor) -> Tensor:
        skips = []
        for layer in self.down:
            skips.append(h)
            h = F.relu(layer(h))
        for layer in self.up:
            h = torch.cat([F.relu(layer(h)), skips.pop()], dim=1)
        return h
