"""Convolutional Conditional Neural Processes (Gordon et al. 2020, arXiv:1910.13556), the larger network for 1-D inputs.

    bench run --algo convcnp --suite gp1d-rbf --recipe fast

The context is laid on a grid: at each grid point, how much data lies near and what it says. A convolutional network
reads the grid, and targets interpolate its output. As convolutions move with their input, a function that is shifted is
predicted shifted, also beyond where training was.

The authors lay their grid over context and targets of a batch. Here an answer must not depend on the other targets, so
the grid of an episode is centred on its context and has a fixed length: predictions move with the data exactly,
whatever the shift.

The authors' code has a sigmoid on the grid, a length scale for every channel, and one set of them each for mean and
deviation. The recipe `paper` has them by options; ReLU and one length scale a layer, the defaults, cost a fifth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

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
        activation: Literal["relu", "sigmoid"] = "relu"  # of the grid, before the network
        length_scales: Literal["layer", "channel"] = "layer"  # one a layer; or one a channel, mean and deviation apart
        min_std: float = 0.01  # lies under the data's noise of .02 and keeps densities finite; the authors have none
        initialization: Literal["torch", "glorot"] = "torch"  # glorot: normal, biases 0 and, in convolutions, .001

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return None if task.x_shape == (1,) else "its grid has one dimension; the suite's inputs have more"

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        dy, length, channels = task.y_dim, 2 / options.density, 2 * options.channels
        self.cells = 2**HALVINGS * math.ceil(2 * options.reach * options.density / 2**HALVINGS)
        self.apart = options.length_scales == "channel"
        self.to_grid = SetConv(length, dy + 1 if self.apart else None)
        self.lift = nn.Linear(dy + 1, options.channels)
        self.network = UNet(options.channels)
        self.from_grid = SetConv(length, channels if self.apart else None)
        self.head = nn.Linear(channels, dy if self.apart else 2 * dy)
        if self.apart:
            self.std_from_grid, self.std_head = SetConv(length, channels), nn.Linear(channels, dy)
        if options.initialization == "glorot":
            self.apply(glorot)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        middle = (support_x.amin(1, keepdim=True) + support_x.amax(1, keepdim=True)) / 2  # [B, 1, 1]
        x, q = support_x - middle, query_x - middle
        steps = torch.arange(self.cells, dtype=x.dtype, device=x.device) - (self.cells - 1) / 2
        grid = (steps[:, None] / self.options.density).expand(len(x), -1, -1)  # [B, G, 1]
        ones = torch.ones_like(support_y[..., :1])
        sums = self.to_grid(grid, x, torch.cat([ones, support_y], dim=-1))  # [B, G, 1 + dy]
        near = sums[..., :1]  # how much data lies around a grid point: the density channel
        h = self.lift(torch.cat([near, sums[..., 1:] / (near + 1e-8)], dim=-1))  # [B, G, channels]
        h = F.relu(h) if self.options.activation == "relu" else torch.sigmoid(h)
        h = self.network(h)
        mean = self.head(self.from_grid(q, grid, h))
        if self.apart:
            raw = self.std_head(self.std_from_grid(q, grid, h))
        else:
            mean, raw = mean.chunk(2, dim=-1)
        least = self.options.min_std
        return bench.Gaussian(mean, least + (1 - least) * F.softplus(raw))


class SetConv(nn.Module):
    """eq. 3 without normalisation: sums of values weighted by a Gaussian in x.

    One length scale is learned for all values, or one for each of `channels`.
    """

    def __init__(self, length: float, channels: int | None = None) -> None:
        super().__init__()
        shape = () if channels is None else (channels,)
        self.log_length = nn.Parameter(torch.full(shape, length).log())

    def forward(self, at: Tensor, x: Tensor, values: Tensor) -> Tensor:
        """at [B, A, 1], x [B, N, 1], values [B, N, D] -> [B, A, D]."""
        lengths, distances = self.log_length.exp(), at - x.transpose(1, 2)  # [B, A, N]
        if lengths.ndim == 0:
            return weights(distances, lengths) @ values
        of_channels = weights(distances[:, None], lengths[:, None, None])  # [B, D, A, N]
        return (of_channels @ values.transpose(1, 2)[..., None])[..., 0].transpose(1, 2)


def weights(distances: Tensor, lengths: Tensor) -> Tensor:
    """Gaussian weights. Data has no gradient, so that the one of a length scale is a sum over squared distances."""
    # Beyond ten length scales a weight is 2e-22; where exp underflows it takes ten times as long.
    squares = torch.minimum(distances.square(), 100 * lengths.detach() ** 2)
    return (squares * (-0.5 / lengths**2)).exp()


def glorot(module: nn.Module) -> None:
    """The authors' initialisation of one module."""
    if isinstance(module, nn.Linear | nn.Conv1d | nn.ConvTranspose1d):
        nn.init.xavier_normal_(module.weight)
        if module.bias is not None:
            nn.init.constant_(module.bias, 0.0 if isinstance(module, nn.Linear) else 1e-3)


class UNet(nn.Module):
    """Twelve convolutions of width 5, six down and six up, each of the latter joined with its counterpart:

    [B, G, c] -> [B, G, 2 c].
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
        # [B, c, 1, G] with the channels last: images of height 1 are oneDNN's fast path.
        h = h.transpose(1, 2)[:, :, None]
        skips = []
        for layer in self.down:
            assert isinstance(layer, nn.Conv1d)
            skips.append(h)
            h = F.conv2d(h, layer.weight[:, :, None], layer.bias, (1, 2), (0, 2)).relu_()
        for layer in self.up:
            assert isinstance(layer, nn.ConvTranspose1d)
            h = F.conv_transpose2d(h, layer.weight[:, :, None], layer.bias, (1, 2), (0, 2), (0, 1)).relu_()
            h = torch.cat([h, skips.pop()], dim=1)
        return h[:, :, 0].transpose(1, 2)
