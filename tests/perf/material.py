"""What several timings work on."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import bench
from bench.data.contract import ImageSplit
from bench.domains.images.pool import ImagePool

IMAGES = bench.ImageSpec(5, 1, 15, (1, 28, 28), n_train_classes=4112)


def plain_conv4() -> nn.Module:
    """Conv4-64 as most code bases write it: NCHW, ReLU before pooling. [M, 1, 28, 28] -> [M, 64]"""
    blocks: list[nn.Module] = []
    for channels in (1, 64, 64, 64):
        blocks += [nn.Conv2d(channels, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks, nn.Flatten())


def omniglot_like() -> ImagePool:
    """1,692 classes of 20 images of noise, as many as Omniglot's test pool has with its rotations."""
    pixels = np.random.default_rng(0).integers(0, 256, (423 * 20, 1, 28, 28), dtype=np.uint8)
    split = ImageSplit(pixels, np.full(423, 20), tuple(map(str, range(423))))
    return ImagePool(split, torch.device("cpu"), rotations=True)
