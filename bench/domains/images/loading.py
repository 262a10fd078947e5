"""A suite's images on the device, checked against what the suite declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from bench.data import load
from bench.data.contract import ImageSplit
from bench.domains.contract import Loaded
from bench.domains.images.pool import TURNS, ImagePool
from bench.domains.images.stream import pool_counts
from bench.domains.images.task import ImageSpec, ImageTask, image_task
from bench.domains.task import Split
from bench.errors import DataInvalid
from bench.tasks.draws import Integers

if TYPE_CHECKING:
    from bench.tasks.suites import Suite


def load_images(suite: Suite, device: torch.device, data_dir: Path | None) -> Loaded:
    """Raises DataMissing with the commands that get the images, DataInvalid for a pool that is not the declared one."""
    task = image_task(suite)
    data = load(task.data, data_dir=data_dir, path=task.path, image_size=task.image_size)
    turns = TURNS if task.rotations else 1
    counts = {name: np.repeat(split.counts, turns) for name, split in data.splits.items()}
    if task.pool is not None:
        for name, found in counts.items():
            _check_pool(suite.name, task, cast(Split, name), found)
    channels, height, width = data.splits["train"].images.shape[1:]
    spec = ImageSpec(task.way, task.shot, task.query, (channels, height, width), len(counts["train"]))
    return Loaded(spec, Pools(data.splits, counts, device, task.rotations), data.card.fingerprint, data.card.source)


class Pools(Mapping[str, ImagePool]):
    """The pools of a suite by split. Each is loaded when it is first asked for: training meets no test image.

    splits : memory-mapped, so that nothing is read before that
    counts : images of each class, by split, rotations counted
    """

    def __init__(
        self,
        splits: Mapping[str, ImageSplit],
        counts: Mapping[str, Integers],
        device: torch.device,
        rotations: bool,
    ) -> None:
        self._splits, self.counts, self._device, self._rotations = splits, counts, device, rotations
        self._loaded: dict[str, ImagePool] = {}

    def __getitem__(self, split: str) -> ImagePool:
        if split not in self._loaded:
            self._loaded[split] = ImagePool(self._splits[split], self._device, self._rotations)
        return self._loaded[split]

    def __iter__(self) -> Iterator[str]:
        return iter(self.counts)

    def __len__(self) -> int:
        return len(self.counts)


def _check_pool(suite: str, task: ImageTask, split: Split, counts: Integers) -> None:
    declared = pool_counts(suite, task, split)
    if len(declared) != len(counts) or (declared != counts).any():
        raise DataInvalid(
            f"{suite} declares {len(declared)} {split} classes of {declared[0]} images; the prepared data has "
            f"{len(counts)} classes of {counts.min()} to {counts.max()}.",
            f"Import the whole data set again: bench data import {task.data} PATH",
        )
