"""Augmentation of training photographs [M, C, H, W] in [0, 1], each by draws of its own from torch's global generator.

What torchvision's RandomResizedCrop and ColorJitter do, for a batch on its device. Shifts and mirror images, which suit
any image, are in augmentation.
"""

from __future__ import annotations

from math import log

import torch
import torch.nn.functional as F
from torch import Tensor

AREA = (0.08, 1.0)  # share of the photograph that a crop keeps
SHAPE = (3 / 4, 4 / 3)  # its width by its height
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue, ITU-R BT.601


def random_resized_crop(images: Tensor) -> Tensor:
    """A random part of every image, stretched to the whole; a side that would be too long is cut to the image's."""
    m = len(images)
    area = torch.empty(m, device=images.device).uniform_(*AREA)
    shape = torch.empty(m, device=images.device).uniform_(log(SHAPE[0]), log(SHAPE[1])).exp()
    size = torch.stack([(area * shape).sqrt(), (area / shape).sqrt()], 1).clamp(max=1)  # width, height: [M, 2]
    centre = (1 - size) * (2 * torch.rand(m, 2, device=images.device) - 1)  # from -1 to 1 across the image
    where = torch.cat([torch.diag_embed(size), centre[:, :, None]], dim=2).to(images)
    grid = F.affine_grid(where, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def colour_jitter(images: Tensor, strength: float) -> Tensor:
    """Brightness, contrast and saturation in this order, each by a factor from 1 - strength to 1 + strength."""
    brightness, contrast, saturation = (
        1 + strength * (2 * torch.rand(len(images), 1, 1, 1, device=images.device) - 1) for _ in range(3)
    )
    images = (brightness * images).clamp(0, 1)
    images = torch.lerp(grey(images).mean((2, 3), keepdim=True), images, contrast.to(images)).clamp(0, 1)
    return torch.lerp(grey(images), images, saturation.to(images)).clamp(0, 1)


def grey(images: Tensor) -> Tensor:
    """Lightness of colour images, [M, 1, H, W]; that of grey ones are they themselves."""
    if images.shape[1] != len(LUMA):
        return images.mean(1, keepdim=True)
    return (images * images.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
