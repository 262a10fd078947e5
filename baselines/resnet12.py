"""ResNet-12 with DropBlock, the encoder of MetaOptNet (Lee et al. 2019, arXiv:1904.03758, and the authors' code).

DropBlock is Ghiasi et al. 2018, arXiv:1810.12890.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (64, 160, 320, 640)
DROP_RATE = 0.1
RAMP = 40_000  # training batches over which the share dropped rises from 0 to DROP_RATE


class ResNet12(nn.Module):
    """Four residual blocks: [M, C, H, W] -> [M, 640 * (H // 16) * (W // 16)], or [M, 640] with `average`.

    The first two blocks end in dropout, the last two in DropBlock: 5x5 squares for 84 pixels and 2x2 ones for CIFAR's
    32, as published, never larger than the map.
    """

    def __init__(self, x_shape: tuple[int, ...], average: bool = False) -> None:
        super().__init__()
        channels, size, _ = x_shape
        self.average = average
        block = 5 if size >= 84 else 2
        self.blocks = nn.Sequential(
            ResidualBlock(channels, WIDTHS[0], nn.Dropout(DROP_RATE)),
            ResidualBlock(WIDTHS[0], WIDTHS[1], nn.Dropout(DROP_RATE)),
            ResidualBlock(WIDTHS[1], WIDTHS[2], DropBlock(min(block, size // 8))),
            ResidualBlock(WIDTHS[2], WIDTHS[3], DropBlock(min(block, size // 16))),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="leaky_relu")
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.blocks(images.contiguous(memory_format=torch.channels_last))
        return features.mean((2, 3)) if self.average else features.flatten(1)


class ResidualBlock(nn.Module):
    """Three 3x3 convolutions beside a 1x1 one, LeakyReLU of slope .1, 2x2 max-pool, dropout."""

    def __init__(self, n_in: int, n_out: int, dropout: nn.Module) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *_convolution(n_in, n_out, 3),
            nn.LeakyReLU(0.1, inplace=True),
            *_convolution(n_out, n_out, 3),
            nn.LeakyReLU(0.1, inplace=True),
            *_convolution(n_out, n_out, 3),
        )
        self.shortcut = nn.Sequential(*_convolution(n_in, n_out, 1))
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        dropped: Tensor = self.dropout(F.max_pool2d(F.leaky_relu(self.main(x) + self.shortcut(x), 0.1), 2))
        return dropped


class DropBlock(nn.Module):
    """Zeroes squares of `size` pixels, map by map, and scales up what is left; the identity in evaluation."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.batches = nn.Buffer(torch.zeros((), dtype=torch.int64))  # training batches seen

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        self.batches.add_(1)
        share = (self.batches / RAMP).clamp(max=1) * DROP_RATE
        return x * self.mask(x, share)

    def mask(self, x: Tensor, share: Tensor) -> Tensor:
        """Factors [M, C, H, W] of mean 1 for a feature map, about `share` of them 0."""
        m, channels, height, width = x.shape
        rows, columns = height - self.size + 1, width - self.size + 1  # where a square fits
        gamma = share / self.size**2 * (height * width) / (rows * columns)  # eq. 1
        corners = (torch.rand(m, channels, rows, columns, device=x.device) < gamma).to(x.dtype)
        squares = F.max_pool2d(F.pad(corners, (self.size - 1,) * 4), self.size, stride=1)
        kept = 1 - squares
        return kept / kept.mean().clamp(min=1e-6)


def _convolution(n_in: int, n_out: int, size: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(n_in, n_out, size, padding=size // 2, bias=False), nn.BatchNorm2d(n_out)
