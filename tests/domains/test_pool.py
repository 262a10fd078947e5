"""Image pools: rotations as classes, gathers in [0, 1], classes of unequal size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.data.contract import ImageSplit
from bench.domains.images.pool import ImagePool

CPU = torch.device("cpu")


def split(counts: list[int], shape: tuple[int, int, int] = (3, 6, 6)) -> ImageSplit:
    """Random images; the first ones hold the extremes 0 and 255."""
    images = np.random.default_rng(0).integers(0, 256, (sum(counts), *shape), dtype=np.uint8)
    images[0, :, 0, 0], images[0, :, 0, 1] = 0, 255
    return ImageSplit(images, np.array(counts), tuple(f"class{i}" for i in range(len(counts))))


def image(source: ImageSplit, class_id: int, number: int) -> np.ndarray:
    """Image `number` of a class, found by walking over the classes."""
    found: np.ndarray = source.images[int(source.counts[:class_id].sum()) + number]
    return found


def test_unequal_classes_are_found_by_class_and_number() -> None:
    source = split([3, 1, 5, 2])
    pool = ImagePool(source, CPU)
    assert pool.n_classes == 4 and pool.counts.tolist() == [3, 1, 5, 2] and pool.shape == (3, 6, 6)
    for class_id, count in enumerate(source.counts.tolist()):
        for number in range(count):
            rows = pool.rows(np.array([class_id]), np.array([number]))
            expected = image(source, class_id, number).astype(np.float32) / 255
            np.testing.assert_array_equal(pool.gather(rows)[0].numpy(), expected)


def test_every_quarter_turn_is_a_class_of_its_own() -> None:
    source = split([3, 1, 4])
    pool = ImagePool(source, CPU, rotations=True)
    assert pool.n_classes == 12
    assert pool.counts.tolist() == [3] * 4 + [1] * 4 + [4] * 4
    for class_id in range(12):
        for number in range(int(pool.counts[class_id])):
            found = pool.gather(pool.rows(np.array([class_id]), np.array([number])))[0]
            turned = np.rot90(image(source, class_id // 4, number), class_id % 4, axes=(1, 2))
            np.testing.assert_array_equal(found.numpy(), turned.astype(np.float32) / 255)


def test_gathers_are_float32_in_the_unit_interval_and_keep_their_shape() -> None:
    pool = ImagePool(split([4, 4]), CPU)
    rows = torch.arange(8).reshape(2, 4)
    gathered = pool.gather(rows)
    assert gathered.dtype == torch.float32 and gathered.shape == (2, 4, 3, 6, 6)
    assert float(gathered.min()) == 0.0 and float(gathered.max()) == 1.0


def test_a_gather_does_not_change_the_pool() -> None:
    pool = ImagePool(split([4]), CPU)
    before = pool.images.clone()
    pool.gather(torch.arange(4)).zero_()
    assert torch.equal(pool.images, before)


def test_read_only_images_are_taken_without_a_warning() -> None:
    source = split([2, 2])
    source.images.flags.writeable = False
    assert ImagePool(source, CPU).n_classes == 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_pool_on_a_gpu_gathers_the_same_images() -> None:
    source, rows = split([3, 4]), torch.tensor([0, 6, 3])
    there = ImagePool(source, torch.device("cuda"), rotations=True).gather(rows.cuda())
    assert torch.equal(there.cpu(), ImagePool(source, CPU, rotations=True).gather(rows))
