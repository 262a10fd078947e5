"""One image file to 8 bits a channel, every mode by its declared range, transparent parts on white.

| in the file | becomes |
|---|---|
| 1, L, P, RGB, RGBX, CMYK, YCbCr, LAB, HSV of 8 bits | what Pillow converts it to |
| 16-bit grey | 0 to 65,535 (12-bit TIFF: 0 to 4,095) onto 0 to 255 |
| 16-bit colour | the upper byte, as Pillow reads it |
| float | 0 to 1 onto 0 to 255; any other range is refused, since the file does not say what white is |
| 32-bit integers | refused, for the same reason; PGM files, which say it, are read |
| any transparency: alpha, a palette's, one transparent colour | composited on white |

Of several frames the first is taken. EXIF orientation is not applied (torchvision and the reference preprocessings of
the standard data sets do not apply it either, and published scores rest on that) unless `upright` is asked for, as it
is for a person's own photographs; TIFF's is, by Pillow.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from bench.errors import DataInvalid

if TYPE_CHECKING:
    from PIL import Image

ALPHA, DEEP, FLOAT, DIM, FRAMES, TURNED = "alpha", "16 bit", "float", "dim", "frames", "orientation"
RECONSIDERED = (ALPHA, DEEP, FLOAT)
"""Notes on images whose pixels are not simply what Pillow converts to; a hash of source bytes has to say so."""

_DIM = 16  # an image that stays in this share of its range is noted: 12-bit data in a 16-bit file do
_BIT_DEPTH, _PHOTOMETRIC, _ORIENTATION = 258, 262, 274  # TIFF tags, the last one of EXIF too


@dataclass(frozen=True)
class Decoded:
    """notes : which of the constants above apply, in their order"""

    image: Image.Image  # L or RGB
    notes: tuple[str, ...]


def decode(data: bytes, name: str, mode: Literal["L", "RGB"], *, upright: bool = False) -> Decoded:
    """The file's bytes as an image of this mode. DataInvalid naming the file if it can't be decoded or interpreted.

    upright : turn the image as its EXIF orientation says, as viewers do; its note is then left out
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as opened:
            notes = _facts(opened)
            _mend_colour_key(opened)
            opened.load()
            if upright and TURNED in notes:
                ImageOps.exif_transpose(opened, in_place=True)
                notes.remove(TURNED)
            image, found = _to_eight_bits(opened, name)
            return Decoded(_plain(image, mode), (*found, *notes))
    except DataInvalid:
        raise
    except Exception as error:  # decoders of damaged files raise what they meet: struct.error, IndexError, zlib.error
        raise DataInvalid(
            f"{name} is not a readable image ({error})", "Get this file again, or save it as an 8-bit PNG."
        ) from error


def _facts(opened: Image.Image) -> list[str]:
    several = opened.format != "MPO" and getattr(opened, "n_frames", 1) > 1  # MPO: a camera's JPEG and its preview
    turned = "exif" in opened.info and opened.format != "TIFF" and _orientation(opened) not in (None, 1)
    return [note for note, holds in ((FRAMES, several), (TURNED, turned)) if holds]


def _orientation(opened: Image.Image) -> Any:
    try:
        return opened.getexif().get(_ORIENTATION)
    except Exception:  # EXIF that can't be read turns nothing, in no viewer
        return None


def _mend_colour_key(opened: Image.Image) -> None:
    """A PNG's transparent colour is given in the file's bit depth; Pillow compares it with pixels of 8 bits."""
    key: Any = opened.info.get("transparency")
    tile = getattr(opened, "tile", None)
    raw = tile[0][3] if opened.format == "PNG" and key is not None and tile else None
    if raw in ("L;2", "L;4"):
        opened.info["transparency"] = key * (85 if raw == "L;2" else 17)
    elif raw == "RGB;16B":
        opened.info["transparency"] = tuple(value >> 8 for value in key)


def _to_eight_bits(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    """The image in a mode of 8 bits without transparency, and what had to be done for it."""
    notes: list[str] = []
    if image.mode == "F":
        image, notes = _scaled_float(image, name)
    elif image.mode.startswith("I"):
        image, notes = _scaled_integers(image, name)
    if image.has_transparency_data:
        rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        if rgba.getchannel("A").getextrema()[0] != 255:  # the usual alpha channel is opaque everywhere
            return _on_white(rgba), [ALPHA, *notes]
    return image, notes


def _scaled_integers(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    from PIL import Image as images

    if image.mode == "I" and image.format not in ("PNG", "PPM"):  # those two are read with 65,535 as white
        low, high = image.getextrema()
        raise _undeclared(name, f"32-bit integers (mode I) from {low} to {high}")
    values = np.asarray(image).astype(np.int64)
    largest = (1 << _tag(image, _BIT_DEPTH, 16)) - 1
    scaled = (np.clip(values, 0, largest) * 510 + largest) // (2 * largest)  # rounded, in integers: equal everywhere
    result, notes = _grey(image, scaled, DEEP)
    key = image.info.get("transparency")
    if key is not None:
        result.putalpha(images.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return result, notes


def _scaled_float(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    values = np.asarray(image, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    if not 0 <= low <= high <= 1:  # NaN is refused with the rest
        raise _undeclared(name, f"floats (mode F) from {low:g} to {high:g}")
    return _grey(image, np.floor(values * 255 + 0.5), FLOAT)


def _grey(image: Image.Image, scaled: npt.NDArray[Any], note: str) -> tuple[Image.Image, list[str]]:
    """L from values in 0..255; a TIFF in which zero is white is turned over, as Pillow does at 8 bits."""
    from PIL import Image as images

    if _tag(image, _PHOTOMETRIC, 1) == 0:
        scaled = 255 - scaled
    notes = [note, DIM] if 0 < scaled.max() <= 256 // _DIM else [note]
    return images.fromarray(scaled.astype(np.uint8)), notes


def _tag(image: Image.Image, tag: int, default: int) -> int:
    """A TIFF's number; `default` in other formats."""
    value = getattr(image, "tag_v2", {}).get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def _on_white(rgba: Image.Image) -> Image.Image:
    from PIL import Image as images

    return images.alpha_composite(images.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _plain(image: Image.Image, mode: str) -> Image.Image:
    """Pillow's own conversion; LAB reaches grey by way of RGB only."""
    return (image.convert("RGB") if image.mode == "LAB" else image).convert(mode)


def _undeclared(name: str, what: str) -> DataInvalid:
    return DataInvalid(
        f"{name} holds {what}: its file does not say which value is white, expected 8 or 16 bits, or floats in [0, 1]",
        "Scale it, with one factor for all images, and save it as a PNG of 8 or 16 bits.",
    )
