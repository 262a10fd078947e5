"""The built-in characters: the same bytes everywhere, distinct classes, neither trivial nor hopeless."""

from __future__ import annotations

import numpy as np
import pytest

from bench.data import glyphs
from bench.data.cache import pixel_hash
from bench.data.contract import ImageSplit

FINGERPRINT = "774ed11a59ea0e49ff805ae48ab95641d222549bab792f5ce75ddd854c46de53"


@pytest.fixture(scope="module")
def splits() -> dict[str, ImageSplit]:
    return glyphs.generate()


def test_shapes_and_names(splits: dict[str, ImageSplit]) -> None:
    assert {split: part.images.shape for split, part in splits.items()} == {
        "train": (4000, 1, 28, 28),
        "val": (800, 1, 28, 28),
        "test": (1200, 1, 28, 28),
    }
    names = [label for part in splits.values() for label in part.classes]
    assert len(set(names)) == len(names) == 300
    assert splits["val"].classes[0] == "alphabet11/character01"


def test_the_bytes_are_pinned(splits: dict[str, ImageSplit]) -> None:
    assert pixel_hash(splits) == FINGERPRINT


def test_no_two_images_are_equal_and_none_is_empty(splits: dict[str, ImageSplit]) -> None:
    flat = np.concatenate([part.images.reshape(len(part.images), -1) for part in splits.values()])
    assert len(np.unique(flat, axis=0)) == len(flat)
    assert (flat.max(axis=1) == 255).mean() > 0.95
    assert flat.mean(axis=1).min() > 4  # no drawing without ink


def test_pixels_alone_are_far_from_chance_and_far_from_solving_it(splits: dict[str, ImageSplit]) -> None:
    """Nearest neighbour on raw pixels, 5-way 1-shot: the band that leaves room for a learner."""
    pixels = splits["test"].images.reshape(60, 20, -1).astype(np.float32) / 255
    random = np.random.default_rng(0)
    scores = []
    for _ in range(200):
        classes = random.choice(60, 5, replace=False)
        query, support = pixels[classes, 1:], pixels[classes, 0]
        distance = ((query[:, :, None] - support) ** 2).sum(-1)
        scores.append((distance.argmin(-1) == np.arange(5)[:, None]).mean())
    assert 0.55 < np.mean(scores) < 0.75
