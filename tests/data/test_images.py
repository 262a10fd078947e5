"""One image file to one array."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bench.data.images import Transform
from bench.errors import DataInvalid
from tests.data.conftest import image_bytes


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_ink_becomes_bright_and_the_resize_averages() -> None:
    page = np.full((112, 112), 255, np.uint8)
    page[:56] = 0  # the upper half is ink
    found = Transform(size=28, colour="grey", invert=True).apply(_png(page), "page")
    assert found.shape == (1, 28, 28) and found.dtype == np.uint8
    assert (found[0, :13] == 255).all() and (found[0, 15:] == 0).all()
    checks = np.indices((112, 112)).sum(0) % 2 * np.uint8(255)
    grey = Transform(size=28, colour="grey").apply(_png(checks.astype(np.uint8)), "checks")
    assert abs(int(grey.mean()) - 127) <= 1 and grey[0, 5:-5, 5:-5].std() < 3  # sampling would give black or white


def test_right_size_passes_unchanged_channels_first() -> None:
    pixels = np.arange(32 * 32 * 3, dtype=np.uint32).reshape(32, 32, 3).astype(np.uint8)
    found = Transform(size=32, colour="rgb", resize=False).apply(_png(pixels), "x")
    assert (found == pixels.transpose(2, 0, 1)).all()


def test_ids_name_every_choice() -> None:
    assert Transform(size=28, colour="grey", invert=True).id == "grey-resize-28-bilinear-invert/1"
    assert Transform(size=84, colour="rgb").id == "rgb-resize-84-bilinear/1"
    assert Transform(size=32, colour="rgb", resize=False).id == "rgb-32/1"


@pytest.mark.parametrize("data", [b"", b"no image at all", image_bytes(1, 64)[:200]])
def test_unreadable_images_are_named(data: bytes) -> None:
    with pytest.raises(DataInvalid, match=r"cat/7\.png is not a readable image"):
        Transform(size=84, colour="rgb").apply(data, "cat/7.png")


def test_wrong_size_is_refused_where_nothing_is_resized() -> None:
    with pytest.raises(DataInvalid, match="expected an image of 32x32 pixels, found 8x8"):
        Transform(size=32, colour="rgb", resize=False).apply(image_bytes(1, 8), "x")


def test_a_decompression_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataInvalid, match="huge is not a readable image"):
        Transform(size=84, colour="rgb").apply(image_bytes(1, 64), "huge")
