"""One split's images on one device: gathered by class and image number, never touched one by one in Python."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from bench.data.contract import ImageSplit
from bench.tasks.draws import Integers

TURNS = 4  # quarter turns of a class that count as classes


class ImagePool:
    """uint8 images [N, C, H, W] resident on `device`.

    With `rotations`, class 4 c + k is class c turned by k quarter turns: the four turns are stored one after another
    (64 MB for all of Omniglot's training images), so that a gather stays one index operation.
    """

    def __init__(self, split: ImageSplit, device: torch.device, rotations: bool = False) -> None:
        with warnings.catch_warnings():  # a read-only memory map is what we want: nothing here writes to it
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            images = torch.from_numpy(split.images)
        turns = TURNS if rotations else 1
        if rotations:
            images = torch.cat([torch.rot90(images, k, (2, 3)) for k in range(turns)])
        self.images = images.to(device)
        self.counts: Integers = np.repeat(split.counts, turns)
        starts = np.concatenate([[0], np.cumsum(split.counts)[:-1]])
        offsets = np.arange(turns) * int(split.counts.sum())
        self.starts: Integers = (starts[:, None] + offsets[None, :]).reshape(-1)

    @property
    def n_classes(self) -> int:
        return len(self.counts)

    @property
    def shape(self) -> tuple[int, int, int]:
        _, channels, height, width = self.images.shape
        return channels, height, width

    def rows(self, classes: Integers, images: Integers) -> Tensor:
        """Row numbers of images by class id and number within the class; any common shape, int64 on the device."""
        return torch.from_numpy(self.starts[classes] + images).to(self.images.device)

    def gather(self, rows: Tensor) -> Tensor:
        """float32 in [0, 1] [..., C, H, W] for row numbers [...]."""
        return self.images[rows].float().div_(255.0)
