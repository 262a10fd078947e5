"""Image encoders: Conv4 (Vinyals et al. 2016), ResNet-12 (Lee et al. 2019) and any timm model.

Convolutions keep channels_last memory, which doubles their speed on CPUs and suits tensor cores.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

import bench
from baselines.resnet12 import ResNet12


class ConvBlock(nn.Sequential):
    """3x3 convolution, batch norm, 2x2 max-pool, ReLU.

    Pooling comes before the ReLU: the two commute, and a quarter of the work is left for the second.
    running : False makes batch norm use the statistics of the current batch in evaluation too (transductive).
    """

    def __init__(self, n_in: int, n_out: int, padding: int = 1, pool: bool = True, running: bool = True) -> None:
        super().__init__(
            nn.Conv2d(n_in, n_out, 3, padding=padding, bias=False),  # batch norm removes a bias
            nn.BatchNorm2d(n_out, track_running_stats=running),
            nn.MaxPool2d(2) if pool else nn.Identity(),
            nn.ReLU(inplace=True),
        )


class Conv4(nn.Module):
    """Four ConvBlocks and a flatten: [M, C, H, W] -> [M, filters * (H // 16) * (W // 16)]."""

    def __init__(self, channels: int, filters: int = 64) -> None:
        super().__init__()
        self.blocks = nn.Sequential(ConvBlock(channels, filters), *(ConvBlock(filters, filters) for _ in range(3)))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.blocks(images.contiguous(memory_format=torch.channels_last))
        return features.flatten(1)


class TimmEncoder(nn.Module):
    """A timm model without its head, with its own normalisation and input size."""

    def __init__(self, model: str, channels: int, pretrained: bool = False) -> None:
        super().__init__()
        import timm  # slow to import, and only this encoder needs it

        self.model = timm.create_model(model, pretrained=pretrained, num_classes=0)
        config = timm.data.resolve_model_data_config(self.model)
        self.size = tuple(config["input_size"][1:])
        self.mean = nn.Buffer(torch.tensor(config["mean"])[:, None, None])
        self.std = nn.Buffer(torch.tensor(config["std"])[:, None, None])
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        images = images.expand(-1, 3, -1, -1)
        images = nn.functional.interpolate(images, self.size, mode="bilinear", antialias=True)
        features: Tensor = self.model(((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last))
        return features


def encoder(name: str, x_shape: tuple[int, ...]) -> nn.Module:
    """An encoder by name for images of shape (C, H, W).

    "conv4", "conv4-32" (32 filters), "resnet12" (flattened maps), "resnet12-avg" (averaged maps) or "timm:<model>"
    (random weights).
    """
    channels = x_shape[0]
    if name.startswith("timm:"):
        return TimmEncoder(name.removeprefix("timm:"), channels)
    match name:
        case "conv4":
            return Conv4(channels)
        case "conv4-32":
            return Conv4(channels, 32)
        case "resnet12" | "resnet12-avg":
            return ResNet12(x_shape, average=name == "resnet12-avg")
    raise bench.UsageError(
        f"Unknown backbone {name!r}.",
        "Known: conv4, conv4-32, resnet12, resnet12-avg and timm:<model>, e.g. timm:resnet18",
    )
