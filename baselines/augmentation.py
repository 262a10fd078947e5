"""Augmentation of training images [M, C, H, W], each image by draws of its own from torch's global generator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def random_flip(images: Tensor) -> Tensor:
    """Half of the images mirrored left to right."""
    mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return torch.where(mirrored, images.flip(3), images)


def random_crop(images: Tensor, padding: int) -> Tensor:
    """Every image shifted by up to `padding` pixels each way, zeros where nothing was."""
    m, _, height, width = images.shape
    padded = F.pad(images, (padding,) * 4)
    top, left = torch.randint(2 * padding + 1, (2, m, 1), device=images.device)
    rows = (top + torch.arange(height, device=images.device))[:, :, None]  # [M, H, 1]
    columns = (left + torch.arange(width, device=images.device))[:, None, :]  # [M, 1, W]
    every = torch.arange(m, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[every, rows, columns].permute(0, 3, 1, 2)  # channels last in memory
