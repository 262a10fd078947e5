"""From the bytes of one image file to one uint8 array, by a named transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bench.data.decode import decode
from bench.errors import DataInvalid


@dataclass(frozen=True)
class Transform:
    """Decode, convert, resize, invert. Two data sets prepared by one transform id are comparable pixel by pixel.

    The filter is Pillow's BILINEAR with its support scaled to the shrinking factor (it averages, it does not
    sample). Its weights need no transcendental function and Pillow applies them in fixed point, so that the
    pixels of lossless sources are the same on every machine. Nothing is cropped, the aspect ratio is not kept:
    as the reference preprocessings of these data sets do it.

    size : side of the square result in pixels
    resize : False where the source must have that size already
    """

    size: int
    colour: Literal["grey", "rgb"]
    resize: bool = True
    invert: bool = False

    @property
    def id(self) -> str:
        steps = [self.colour, f"resize-{self.size}-bilinear" if self.resize else f"{self.size}"]
        return "-".join(steps + ["invert"] * self.invert) + "/1"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of a result."""
        return (1 if self.colour == "grey" else 3, self.size, self.size)

    def apply(self, data: bytes, name: str, *, upright: bool = False) -> npt.NDArray[np.uint8]:
        """The image file's bytes as uint8 [C, H, W]; DataInvalid naming the image if they don't decode.

        upright : as for `bench.data.decode.decode`
        """
        return self.apply_noted(data, name, upright=upright)[0]

    def apply_noted(
        self, data: bytes, name: str, *, upright: bool = False
    ) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
        """The same with what `bench.data.decode` notes about the image."""
        from PIL import Image

        decoded = decode(data, name, "L" if self.colour == "grey" else "RGB", upright=upright)
        image = decoded.image
        if image.size != (self.size, self.size):
            if not self.resize:
                found = f"{image.width}x{image.height}"
                raise DataInvalid(f"{name}: expected an image of {self.size}x{self.size} pixels, found {found}")
            image = image.resize((self.size, self.size), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, dtype=np.uint8)
        if self.invert:
            pixels = 255 - pixels
        return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1)), decoded.notes
