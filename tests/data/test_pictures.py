"""Blank and repeated pictures in prepared arrays."""

from __future__ import annotations

import numpy as np
import pytest

from bench.data.contract import ImageSplit, Remark
from bench.data.pictures import Pictures
from bench.errors import DataInvalid


def _splits() -> dict[str, ImageSplit]:
    """Two classes of three different pictures in each split."""
    rng = np.random.default_rng(0)
    return {
        split: ImageSplit(
            rng.integers(0, 256, (6, 3, 4, 4), dtype=np.uint8), np.array([3, 3]), (f"{split}-a", f"{split}-b")
        )
        for split in ("train", "val", "test")
    }


def test_sound_images_are_not_remarked() -> None:
    pictures = Pictures(_splits())
    assert pictures.remarks() == ()
    pictures.refuse_hopeless("birds")


def test_the_same_picture_in_two_splits_two_classes_or_one_class() -> None:
    splits = _splits()
    splits["test"].images[4] = splits["test"].images[5] = splits["train"].images[2]
    splits["val"].images[3] = splits["val"].images[0]
    names = {split: [f"{split}/{row}.png" for row in range(6)] for split in splits}
    assert Pictures(splits, names).remarks() == (
        Remark("twin classes", "val", 1, ("val/0.png = val/3.png",)),
        Remark("twins", "test", 1, ("test/5.png",)),
        Remark("twin splits", "train and test", 1, ("train/2.png = test/4.png",)),
    )
    assert Pictures(splits).remarks()[1].first == ("test-b[2]",)


def test_pictures_of_one_colour_and_classes_of_them() -> None:
    splits = _splits()
    splits["train"].images[0] = 7
    for row in range(3, 6):
        splits["test"].images[row] = np.array([row, 0, 255], np.uint8)[:, None, None]  # one colour, not one grey
    found = Pictures(splits).remarks()
    assert [(r.kind, r.where, r.count) for r in found] == [
        ("blank", "train", 1),
        ("blank", "test", 3),
        ("blank class", "test", 1),
    ]
    assert found[2].first == ("test-b",)


def test_a_single_pixel_is_no_blank_picture() -> None:
    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    splits = {
        split: ImageSplit(images + np.uint8(10 * at), np.array([6]), (split,))
        for at, split in enumerate(("train", "val", "test"))
    }
    assert Pictures(splits).remarks() == ()


@pytest.mark.parametrize("value", [0, 255, None])
def test_a_split_whose_classes_cannot_differ_is_refused(value: int | None) -> None:
    splits = _splits()
    splits["test"].images[:] = splits["test"].images[0] if value is None else value
    with pytest.raises(DataInvalid, match=r"birds: the 6 images of test are .* its 2 classes apart") as caught:
        Pictures(splits).refuse_hopeless("birds")
    assert ("one colour all over" in caught.value.message) == (value is not None)


def test_one_class_of_nothing_is_refused_and_coloured_cards_are_not() -> None:
    splits = _splits()
    blank = ImageSplit(np.zeros((3, 3, 4, 4), np.uint8), np.array([3]), ("only",))
    with pytest.raises(DataInvalid, match="3 images of val are one colour"):
        Pictures({**splits, "val": blank}).refuse_hopeless("birds")
    for row in range(6):
        splits["test"].images[row] = row
    Pictures(splits).refuse_hopeless("birds")
