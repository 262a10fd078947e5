"""Every way in which a file may hold a picture: scaled by its declared range, on white, or refused by name."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bench.data.decode import decode
from bench.data.images import Transform
from bench.errors import DataInvalid

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _grey(data: bytes) -> list[int]:
    return np.asarray(decode(data, "x", "L").image).ravel().tolist()


def _notes(data: bytes) -> tuple[str, ...]:
    return decode(data, "x", "RGB").notes


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(depth: int, colour: int, row: bytes, width: int, key: bytes = b"") -> bytes:
    """A PNG of one row in any bit depth, with a transparent colour; Pillow can't write these."""
    chunks = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0))
    chunks += _chunk(b"tRNS", key) if key else b""
    return b"\x89PNG\r\n\x1a\n" + chunks + _chunk(b"IDAT", zlib.compress(b"\0" + row)) + _chunk(b"IEND", b"")


def _tiff(values: np.ndarray, bits: int, photometric: int = 1, form: int = 1) -> bytes:
    """A little-endian TIFF of one strip with one sample a pixel; form 1 is unsigned, 2 signed, 3 float."""
    data = values.tobytes()
    height, width = values.shape if bits != 12 else (1, 4)
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: height, 279: len(data)}
    tags[339] = form
    table = b"".join(struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, n) for tag, n in sorted(tags.items()))
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(tags)) + table + bytes(4)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG2000"])
def test_16_bit_grey_is_scaled_by_65535(kind: str) -> None:
    options = {"irreversible": False} if kind == "JPEG2000" else {}
    data = _saved(Image.fromarray(RAMP.astype(np.uint16) * 257), kind, **options)
    assert _grey(data) == RAMP.ravel().tolist() and _notes(data) == ("16 bit",)


def test_16_bit_rounds_to_the_nearest_step() -> None:
    values = np.array([[0, 128, 129, 32_767, 32_768, 65_406, 65_407, 65_535]], np.uint16)
    assert _grey(_saved(Image.fromarray(values), "PNG")) == [0, 0, 1, 127, 128, 254, 255, 255]


def test_the_range_is_what_the_file_declares() -> None:
    pgm = b"P5 4 1 1000\n" + struct.pack(">4H", 0, 500, 999, 1000)
    assert _grey(pgm) == [0, 128, 255, 255]
    packed = int("000800fff0ff", 16).to_bytes(6, "big")  # 12 bits each: 0x000, 0x800, 0xfff, 0x0ff
    assert _grey(_tiff(np.frombuffer(packed, np.uint8), 12)) == [0, 128, 255, 16]
    sixteen = np.array([[0, 257, 65_535]], np.uint16)
    assert _grey(_tiff(sixteen, 16)) == [0, 1, 255]
    assert _grey(_tiff(sixteen, 16, photometric=0)) == [255, 254, 0]  # zero is white


def test_floats_from_0_to_1_are_scaled_and_others_refused_with_their_range() -> None:
    good = (RAMP / 255).astype(np.float32)
    assert _grey(_saved(Image.fromarray(good), "TIFF")) == RAMP.ravel().tolist()
    assert _notes(_saved(Image.fromarray(good), "TIFF")) == ("float",)
    for values, found in ((RAMP.astype(np.float32), "from 0 to 255"), (good - 0.5, "from -0.5 to 0.5")):
        with pytest.raises(DataInvalid, match=rf"cat/1\.tif holds floats \(mode F\) {found}") as caught:
            decode(_saved(Image.fromarray(values), "TIFF"), "cat/1.tif", "RGB")
        assert "floats in [0, 1]" in caught.value.message and "one factor for all images" in caught.value.fix
    good[0, 0] = np.nan
    with pytest.raises(DataInvalid, match="holds floats"):
        decode(_saved(Image.fromarray(good), "TIFF"), "x", "RGB")


@pytest.mark.parametrize(
    "data",
    [
        _saved(Image.fromarray(RAMP.astype(np.int32)), "TIFF"),
        _tiff(RAMP.astype(np.int16), 16, form=2),
        _tiff(RAMP.astype(np.uint32), 32),
    ],
)
def test_32_bit_and_signed_integers_are_refused(data: bytes) -> None:
    with pytest.raises(DataInvalid, match=r"holds 32-bit integers \(mode I\) from 0 to 255"):
        decode(data, "x", "L")


def test_data_that_hardly_uses_its_range_is_noted() -> None:
    assert _notes(_saved(Image.fromarray(RAMP.astype(np.uint16) * 16), "PNG")) == ("16 bit", "dim")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_ink_on_transparent_ground_is_seen(kind: str) -> None:
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[..., 3] = RAMP
    data = _saved(Image.fromarray(ink), kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    assert _grey(data) == (255 - RAMP).ravel().tolist() and _notes(data) == ("alpha",)


def _ink(mode: str) -> Image.Image:
    image = Image.new("LA", (2, 1), (0, 0))
    image.putpixel((1, 0), (0, 255))
    return image.convert(mode)


def test_every_kind_of_transparency_is_laid_on_white() -> None:
    palette = Image.new("P", (3, 1))
    palette.putpalette([0, 0, 0, 0, 0, 0, 90, 90, 90])
    palette.putdata([0, 1, 2])
    found = {
        "LA": _grey(_saved(_ink("LA"), "PNG")),
        "one entry of a palette": _grey(_saved(palette, "PNG", transparency=0)),
        "alpha of a palette": _grey(_saved(palette, "PNG", transparency=bytes([0, 255, 255]))),
        "GIF": _grey(_saved(palette, "GIF", transparency=0)),
        "1 bit": _grey(_png(1, 0, bytes([0b01000000]), 2, b"\0\0")),
        "2 bits": _grey(_png(2, 0, bytes([0b01000000]), 2, b"\0\1")),
        "4 bits": _grey(_png(4, 0, bytes([0x10]), 2, b"\0\1")),
        "8 bits": _grey(_png(8, 0, bytes([7, 0]), 2, b"\0\7")),
        "16 bits": _grey(_png(16, 0, struct.pack(">2H", 7, 0), 2, b"\0\7")),
        "colour": _grey(_png(8, 2, bytes([1, 2, 3, 0, 0, 0]), 2, b"\0\1\0\2\0\3")),
        "16-bit colour": _grey(_png(16, 2, struct.pack(">6H", 256, 512, 0, 0, 0, 0), 2, b"\1\0\2\0\0\0")),
    }
    expected = {"one entry of a palette": [255, 0, 90], "alpha of a palette": [255, 0, 90], "GIF": [255, 0, 90]}
    expected["1 bit"] = [255, 255]
    assert found == {name: expected.get(name, [255, 0]) for name in found}


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_plain_images_are_what_pillow_makes_of_them(mode: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)).convert(mode)
    data = _saved(image, "PNG")
    assert (np.asarray(decode(data, "x", "RGB").image) == np.asarray(image.convert("RGB"))).all()
    assert (np.asarray(decode(data, "x", "L").image) == np.asarray(image.convert("L"))).all()
    assert _notes(data) == ()  # an alpha channel that is opaque everywhere is none


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "JPEG"), ("YCbCr", "JPEG"), ("LAB", "TIFF"), ("RGBX", "TIFF")])
def test_other_colour_spaces_become_rgb(mode: str, kind: str) -> None:
    pixels = np.full((4, 4, 4 if mode in ("CMYK", "RGBX") else 3), 100, np.uint8)
    image = Image.frombytes(mode, (4, 4), pixels.tobytes())
    decoded = decode(_saved(image, kind), "x", "RGB")
    assert decoded.image.mode == "RGB" and decoded.notes == ()
    assert decode(_saved(image, kind), "x", "L").image.mode == "L"


def test_the_first_of_several_frames_is_taken_and_noted() -> None:
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 200)]
    for kind in ("GIF", "TIFF"):
        data = _saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert set(_grey(data)) == {10} and _notes(data) == ("frames",)


def test_orientation_is_noted_and_not_applied() -> None:
    exif = Image.Exif()
    exif[274] = 6
    image = Image.fromarray(RAMP)
    data = _saved(image, "PNG", exif=exif)
    assert _grey(data) == RAMP.ravel().tolist() and _notes(data) == ("orientation",)
    exif[274] = 1
    assert _notes(_saved(image, "JPEG", exif=exif)) == ()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "BMP", "TGA", "WEBP", "JPEG", "PPM", "JPEG2000"])
def test_damaged_files_of_any_format_are_named(kind: str) -> None:
    whole = _saved(Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)), kind)
    rng = np.random.default_rng(2)
    for _ in range(40):
        data = bytearray(whole[: rng.integers(1, len(whole))])
        data[rng.integers(0, len(data))] ^= 255
        try:
            Transform(size=8, colour="rgb").apply(bytes(data), "cat/7")
        except DataInvalid as error:
            assert "cat/7" in error.message
