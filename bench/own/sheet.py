"""A contact sheet: the new photos by the label they were given, most probable first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.data.decode import decode
from bench.errors import BenchError, UsageError
from bench.own.predictor import NONE

if TYPE_CHECKING:
    from PIL import Image

    from bench.own.predicted import Row

_TILE, _GAP, _LINE, _COLUMNS, _MOST = 96, 8, 13, 10, 600  # pixels; tiles a line and on the sheet
_LETTERS = 16  # below a tile
_INK, _GREY, _PAPER = "#222222", "#8a8a8a", "white"


def check_sheet(out: Path) -> Path:
    """Raises UsageError for a name that is no .png."""
    if out.suffix.lower() != ".png":
        raise UsageError(f"--sheet must end in .png, found {str(out)!r}.")
    return out


def write_sheet(rows: Sequence[Row], out: Path) -> None:
    """Write the sheet of the first 600 photos. Raises BenchError where the file can't be written."""
    order = sorted(rows[:_MOST], key=lambda row: (row.label == NONE, row.label, -row.probability))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _drawn(order).save(out, optimize=True)
    except OSError as error:
        raise BenchError(f"Can't write {out}: {error.strerror or error}.", "Name another file.") from None


def _drawn(rows: Sequence[Row]) -> Image.Image:
    from PIL import Image, ImageDraw

    across, down = _TILE + _GAP, _TILE + 2 * _LINE + _GAP
    sheet = Image.new("RGB", (_GAP + _COLUMNS * across, _GAP + -(-len(rows) // _COLUMNS) * down), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        x, y = _GAP + number % _COLUMNS * across, _GAP + number // _COLUMNS * down
        sheet.paste(_tile(row), (x, y))
        pen.text((x, y + _TILE), _printable(row.label), fill=_INK)
        below = f"({row.nearest}?)" if row.label == NONE else f"{row.probability:.2f}"
        pen.text((x, y + _TILE + _LINE), _printable(below), fill=_GREY)
    return sheet


def _tile(row: Row) -> Image.Image:
    from PIL import Image, ImageOps

    image = decode(row.photo.path.read_bytes(), row.name, "RGB", upright=True).image
    way = Image.Resampling.NEAREST if image.width <= _TILE // 2 else Image.Resampling.BICUBIC
    return ImageOps.pad(image, (_TILE, _TILE), way, color=_PAPER)


def _printable(text: str) -> str:
    """As much as fits below a tile, in letters that Pillow's built-in font has."""
    return (
        (text if len(text) <= _LETTERS else f"{text[: _LETTERS - 2]}..").encode("latin-1", "replace").decode("latin-1")
    )
