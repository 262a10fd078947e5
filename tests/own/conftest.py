"""Small folders of pictures that differ, a few colours and stripes apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COLOURS = {"leaf": (40, 160, 60), "rust": (190, 80, 40), "sky": (90, 140, 220)}


def picture(colour: tuple[int, int, int], generator: np.random.Generator, size: int = 24) -> Image.Image:
    """A colour with noise and one bright stripe somewhere."""
    pixels = np.asarray(colour) + generator.normal(0, 30, (size, size, 3))
    pixels[generator.integers(size)] += 60
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_classes(folder: Path, each: int, seed: int = 0) -> Path:
    generator = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            picture(colour, generator).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """Three classes of seven images."""
    return write_classes(tmp_path / "known", 7)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Two further images of each class, and one that is like none of them."""
    folder = write_classes(tmp_path / "new", 2, seed=1)
    stripes = np.zeros((24, 24, 3), np.uint8)
    stripes[:, ::2] = (255, 0, 255)
    Image.fromarray(stripes).save(folder / "stripes.png")
    return folder
