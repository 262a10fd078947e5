"""A suite's images on the device, checked against what the suite declares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from bench.data import load
from bench.domains.contract import Loaded
from bench.domains.images.pool import ImagePool
from bench.domains.images.stream import pool_counts
from bench.domains.images.task import ImageSpec, ImageTask, image_task
from bench.domains.task import Split
from bench.errors import DataInvalid

if TYPE_CHECKING:
    from bench.tasks.suites import Suite


def load_images(suite: Suite, device: torch.device, data_dir: Path | None) -> Loaded:
    """Raises DataMissing with the commands that get the images, DataInvalid for a pool that is not the declared one."""
    task = image_task(suite)
    data = load(task.data, data_dir=data_dir, path=task.path, image_size=task.image_size)
    pools = {name: ImagePool(split, device, task.rotations) for name, split in data.splits.items()}
    if task.pool is not None:
        for name, pool in pools.items():
            _check_pool(suite.name, task, cast(Split, name), pool)
    train = pools["train"]
    spec = ImageSpec(task.way, task.shot, task.query, train.shape, train.n_classes)
    return Loaded(spec, pools, data.card.fingerprint, data.card.source)


def _check_pool(suite: str, task: ImageTask, split: Split, pool: ImagePool) -> None:
    declared, counts = pool_counts(suite, task, split), pool.counts
    if len(declared) != len(counts) or (declared != counts).any():
        raise DataInvalid(
            f"{suite} declares {len(declared)} {split} classes of {declared[0]} images; the prepared data has "
            f"{len(counts)} classes of {counts.min()} to {counts.max()}.",
            f"Import the whole data set again: bench data import {task.data} PATH",
        )
