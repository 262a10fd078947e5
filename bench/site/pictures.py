"""Pictures of image episodes: one strip each. Drawn from prepared data where that is on this machine and
its licence lets its images be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.boards import Board
from bench.site.declared import declared

if TYPE_CHECKING:
    import numpy.typing as npt

    from bench.data import ImageSplit
    from bench.domains.images.stream import ImageIndices

    Image = npt.NDArray[np.uint8]  # [C, H, W]

SHOWABLE = ("MIT", "CC0-1.0")  # licences that let anybody show the images
_MANY = 10  # from so many classes on a strip has a class a column, and fewer queries
_QUERIES, _FEWER = 15, 5  # of each class
_GAP, _APART = 2, 8  # pixels between images, and between support and queries
_GREYS = 16  # strokes and their soft edges


@dataclass(frozen=True)
class Pictures:
    """strips : PNG by episode, none where `why_not` says why; source : whose images they are, with their licence"""

    strips: dict[int, bytes]
    source: str = ""
    why_not: str = ""


def pictures(
    board: Board, episodes: Sequence[int], classes: npt.NDArray[np.int64] | None, data_dir: Path | None = None
) -> Pictures:
    """Of these official episodes. classes : the class ids in the records, [episodes, way], which have to be theirs"""
    from bench.data import load, status
    from bench.domains.images.stream import ImageStream, pool_counts
    from bench.domains.images.task import ImageTask

    suite = declared(board.suite)
    if suite is None:
        return Pictures({}, why_not="the suite is not declared on the machine that wrote this page")
    if not isinstance(task := suite.task, ImageTask) or task.pool is None:
        return Pictures({}, why_not="this suite's images are somebody's own")
    here = {found.name: found for found in status(data_dir)}[task.data]
    if here.card is None:
        return Pictures({}, why_not=f"{task.data} was not on the machine that wrote this page")
    if here.card.licence not in SHOWABLE:
        return Pictures(
            {}, why_not=f"the licence of {task.data} does not let its images be shown ({here.card.licence})"
        )
    if here.card.fingerprint != board.data_fingerprint:
        return Pictures({}, why_not=f"the {task.data} images of the machine that wrote this page are other ones")
    split = load(task.data, data_dir=data_dir).splits["test"]
    counts = pool_counts(board.suite, task, "test")
    stream = ImageStream((suite.name, suite.version, "test", 0), counts, task.way, task.shot, task.query)
    asked = {number: stream.block(number, 1) for number in episodes}
    if classes is None or any((classes[number] != block.classes[0]).any() for number, block in asked.items()):
        return Pictures({}, why_not="the suite that is declared here asks other episodes")
    turns = len(counts) // len(split.counts)
    strips = {number: _png(_strip(block, split, turns)) for number, block in asked.items()}
    return Pictures(strips, source=f"{task.data} ({here.card.source}), licence {here.card.licence}")


def _strip(block: ImageIndices, split: ImageSplit, turns: int) -> Image:
    """An episode's images, uint8 [C, H, W]: of each class the support images, a gap, and queries as they are asked."""
    many = block.classes.shape[1] >= _MANY
    along, across = (1, 2) if many else (2, 1)
    lines = []
    for label, class_id in enumerate(block.classes[0].tolist()):
        asked = block.query[0][block.query_y[0] == label][: _FEWER if many else _QUERIES]
        support, query = (
            _joined([image_of(split, class_id, int(i), turns) for i in which], _GAP, along)
            for which in (block.support[0, label], asked)
        )
        lines.append(_joined([support, query], _APART, along))
    return _joined(lines, _GAP, across)


def image_of(split: ImageSplit, class_id: int, number: int, turns: int) -> Image:
    """One image [C, H, W]. turns : class `turns` c + k is class c turned by k quarter turns"""
    base, quarter = divmod(class_id, turns)
    row = int(split.counts[:base].sum()) + number
    return np.rot90(split.images[row], quarter, axes=(1, 2))


def _joined(parts: Sequence[Image], gap: int, axis: int) -> Image:
    """Side by side, with the images' white between them."""
    between = list(parts[0].shape)
    between[axis] = gap
    space = np.zeros(between, np.uint8)
    return np.concatenate([piece for part in parts for piece in (space, part)][1:], axis=axis)


def _png(strip: Image) -> bytes:
    """Strokes, which lie bright on 0, become dark on white. What may be shown has no colours."""
    from PIL import Image as Pillow

    (grey,) = strip
    out = BytesIO()
    Pillow.fromarray(255 - grey).quantize(_GREYS).save(out, format="png", optimize=True)
    return out.getvalue()
