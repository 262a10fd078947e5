"""Glyphs: 300 invented characters of 15 alphabets, 20 drawings each, generated in seconds and the same everywhere.

A stand-in for Omniglot where nothing can be downloaded. A character is two to four strokes, each a cubic Bezier
curve; the characters of an alphabet share a style and some strokes, so that they resemble each other. A drawing moves
every control point, shifts every stroke, bends the whole by a random affine map and has its own pen width.

All random numbers come from `bench.philox`; all arithmetic is +, -, *, /, sqrt, min and max on arrays, each of which
IEEE 754 rounds in one way, so that every machine makes the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import philox
from bench.data import cache
from bench.data.contract import DataCard, ImageData, ImageSplit
from bench.data.pictures import Pictures
from bench.data.progress import OnProgress, Progress

NAME = "glyphs"
TRANSFORM_ID = "strokes-28/1"
SIZE = 28  # pixels
ALPHABETS = {"train": 10, "val": 2, "test": 3}
CHARACTERS = 20  # of an alphabet
DRAWINGS = 20  # of a character

_STROKES = 4  # at most; a character with fewer repeats its first, which adds no ink
_SHARED = 6  # strokes in an alphabet's pool
_POINTS = 40  # a curve is drawn as this many dots, closer than the pen is wide
_STYLE_WORDS = 2 + _SHARED * 8
_CHARACTER_WORDS = 1 + _STROKES * (2 + 2 + 8)
_DRAWING_WORDS = 7 + _STROKES * 2 * (1 + 4)

# How unsteady the hand is: largest deviations, lengths as fractions of the image's side. Raw pixels with the nearest
# centroid reach 63 % at 5-way 1-shot: room for a learner above, far from chance below.
_TILT = 0.2  # entries of the affine map's matrix beyond the identity
_SHIFT = 0.05  # of the whole drawing
_STROKE_SHIFT = 0.04
_POINT_SHIFT = 0.05
_PEN = (0.6, 1.0)  # pixels, half the pen's width
_CHUNK = 64  # drawings rendered together: they stay in the processor's cache

Floats = npt.NDArray[np.float64]


def generate(on_progress: OnProgress | None = None) -> dict[str, ImageSplit]:
    """The three splits, uint8 [n * 20, 1, 28, 28], ink bright; about two seconds."""
    splits = {}
    total, done, first_alphabet = sum(ALPHABETS.values()) * CHARACTERS * DRAWINGS, 0, 0
    for split, alphabets in ALPHABETS.items():
        numbers = range(first_alphabet, first_alphabet + alphabets)
        first_alphabet += alphabets
        images = np.concatenate([_draw(number) for number in numbers])
        names = tuple(f"alphabet{a + 1:02d}/character{c + 1:02d}" for a in numbers for c in range(CHARACTERS))
        splits[split] = ImageSplit(images, np.full(len(names), DRAWINGS, np.int64), names)
        done += len(images)
        if on_progress is not None:
            on_progress(Progress("draw glyphs", done, total, "images"))
    return splits


def prepare(folder: Path, on_progress: OnProgress | None = None) -> ImageData:
    """Generate and write the cache `folder`."""
    splits = generate(on_progress=on_progress)
    fingerprint = cache.pixel_hash(splits)
    source, remarks = "generated strokes, built in", Pictures(splits).remarks()
    card = DataCard(NAME, source, None, "CC0-1.0", TRANSFORM_ID, fingerprint, True, fingerprint, remarks)
    with cache.writing(folder) as scratch:
        for split, part in splits.items():
            np.save(scratch / f"{split}.npy", part.images, allow_pickle=False)
        cache.write_card(scratch, card, splits)
    return cache.read(folder, NAME)


def _alphabet(number: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """An alphabet's characters: control points [20, 4 strokes, 4 points, 2] in the unit square, strokes in use [20]."""
    style = philox.uniform(philox.words((NAME, 1, "style"), number, 1, _STYLE_WORDS))[0]
    bend = 0.15 + 0.85 * style[0]  # nearly straight to curly
    share = 0.3 + 0.4 * style[1]  # how often a stroke comes from the pool
    pool = _strokes(style[2:].reshape(1, _SHARED, 8), bend)[0]

    raw = philox.words((NAME, 1, "character"), number * CHARACTERS, CHARACTERS, _CHARACTER_WORDS)
    n_strokes = 2 + philox.below(raw[:, 0], 3)  # 2, 3 or 4
    per_stroke = raw[:, 1:].reshape(CHARACTERS, _STROKES, 12)
    own = _strokes(philox.uniform(per_stroke[..., 4:]), bend)
    moved = 0.3 * (philox.uniform(per_stroke[..., 2:4]) - 0.5)
    shared = np.clip(pool[philox.below(per_stroke[..., 0], _SHARED)] + moved[..., None, :], 0.08, 0.92)
    is_shared = philox.uniform(per_stroke[..., 1]) < share
    is_shared[:, 0] = False  # the first stroke is its own: no two characters are made of shared strokes only
    strokes = np.where(is_shared[..., None, None], shared, own)
    return _fill_box(_keep_used(strokes, n_strokes)), n_strokes


def _keep_used(strokes: Floats, n_strokes: npt.NDArray[np.int64]) -> Floats:
    """Put the first stroke in the place of those not in use: the same line twice adds no ink."""
    unused = np.arange(_STROKES) >= n_strokes[:, None]
    return np.where(unused[..., None, None], strokes[:, :1], strokes)


def _fill_box(strokes: Floats) -> Floats:
    """Centre each character and scale its longer side to 0.7, as people fill the box they write in."""
    low, high = strokes.min(axis=(1, 2), keepdims=True), strokes.max(axis=(1, 2), keepdims=True)
    side = (high - low).max(axis=-1, keepdims=True)
    centred: Floats = (strokes - (low + high) / 2) / side * 0.7 + 0.5
    return centred


def _strokes(unit: Floats, bend: float) -> Floats:
    """Bezier control points [..., 4, 2] from eight numbers in [0, 1) a stroke.

    The ends lie in the unit square's inside and are pushed apart where they fall close together; the inner points
    lie at thirds between them, moved sideways by up to `bend`.
    """
    start = 0.15 + 0.7 * unit[..., 0:2]
    end = 0.15 + 0.7 * unit[..., 2:4]
    gap = end - start
    length = np.sqrt(gap[..., :1] * gap[..., :1] + gap[..., 1:] * gap[..., 1:])
    end = np.where(length < 0.35, 1.0 - start * 0.7 - 0.15, end)
    inner = [
        start + (end - start) * third + bend * (unit[..., at : at + 2] - 0.5) for third, at in ((1 / 3, 4), (2 / 3, 6))
    ]
    return np.clip(np.stack([start, *inner, end], axis=-2), 0.08, 0.92)


def _draw(number: int) -> npt.NDArray[np.uint8]:
    """All drawings of an alphabet: uint8 [20 * 20, 1, 28, 28]."""
    characters, n_strokes = _alphabet(number)
    n = CHARACTERS * DRAWINGS
    unit = philox.uniform(philox.words((NAME, 1, "drawing"), number * n, n, _DRAWING_WORDS))
    offset = unit - 0.5
    points = np.repeat(characters, DRAWINGS, axis=0)
    jitter = offset[:, 7:].reshape(n, _STROKES, 5, 2)
    points = points + 2 * _STROKE_SHIFT * jitter[:, :, :1] + 2 * _POINT_SHIFT * jitter[:, :, 1:]
    points = _keep_used(points, np.repeat(n_strokes, DRAWINGS))
    points = _affine(points - 0.5, offset[:, :6]) + 0.5
    pen = _PEN[0] + (_PEN[1] - _PEN[0]) * unit[:, 6]
    dots = _bezier(points * SIZE)
    return np.concatenate(
        [_render(dots[first : first + _CHUNK], pen[first : first + _CHUNK]) for first in range(0, n, _CHUNK)]
    )[:, None]


def _affine(points: Floats, offset: Floats) -> Floats:
    """Each drawing's points [n, strokes, 4, 2] under its own map; offset [n, 6] in [-0.5, 0.5)."""
    a, b, c, d = (2 * _TILT * offset[:, at, None, None] for at in range(4))
    shift = 2 * _SHIFT * offset[:, None, None, 4:6]
    x, y = points[..., 0], points[..., 1]
    return np.stack([x + a * x + b * y, y + c * x + d * y], axis=-1) + shift


def _bezier(points: Floats) -> npt.NDArray[np.float32]:
    """Dots along the curves: [n, strokes, 4, 2] -> float32 [n, strokes * 40, 2]."""
    t = (np.arange(_POINTS) / (_POINTS - 1))[:, None]
    s = 1.0 - t
    p0, p1, p2, p3 = (points[:, :, at, None, :] for at in range(4))
    dots = s * s * s * p0 + 3 * s * s * t * p1 + 3 * s * t * t * p2 + t * t * t * p3
    return dots.reshape(len(points), -1, 2).astype(np.float32)


def _render(dots: npt.NDArray[np.float32], pen: Floats) -> npt.NDArray[np.uint8]:
    """Ink where the nearest dot is closer than the pen's half width, fading over one pixel: uint8 [n, 28, 28]."""
    centres = np.arange(SIZE, dtype=np.float32) + np.float32(0.5)
    dx = centres - dots[..., 0, None]  # [n, dots, 28]
    dy = centres - dots[..., 1, None]
    dx, dy = dx * dx, dy * dy
    nearest = np.full((len(dots), SIZE, SIZE), np.float32(SIZE * SIZE))
    for dot in range(dots.shape[1]):
        np.minimum(nearest, dy[:, dot, :, None] + dx[:, dot, None, :], out=nearest)
    ink = pen.astype(np.float32)[:, None, None] + np.float32(0.5) - np.sqrt(nearest)
    levels: npt.NDArray[np.uint8] = np.rint(np.float32(255) * np.clip(ink, 0, 1)).astype(np.uint8)
    return levels
