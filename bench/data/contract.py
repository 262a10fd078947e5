"""What every image source delivers: uint8 arrays grouped by class, and a card that says where they came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class ImageSplit:
    """One split's images, all of class 0 first, then class 1, ...

    images : uint8 [N, C, H, W], possibly a read-only memory map
    counts : int64 [n_classes], images of each class, sum N
    classes : names of the classes, sorted the way the data set defines them
    """

    images: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Remark:
    """What a reader should know about images before believing a score on them. It never changes the images.

    kind : a key of `bench.data.remarks.KINDS`, where the sentence lies
    where : the part it speaks of: "test", "train and test", suffixes; "" for the whole
    count : how many pictures, files or classes
    first : names of the first ones, five at most
    """

    kind: str
    where: str
    count: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class DataCard:
    """Identity of a prepared data set. Equal fingerprints mean equal pixels (`exact`) or equal source bytes."""

    name: str
    source: str  # one line a reader understands: "official layout, two zips"
    revision: str | None
    licence: str
    transform: str  # transform id, resize filter named, e.g. "resize-28-bilinear-invert/1"
    fingerprint: str  # sha256 hex
    exact: bool  # True: hash of the pixels; False: hash of source bytes and transform
    pixel_sha256: str
    remarks: tuple[Remark, ...] | None = None  # None: prepared before anything was remarked


@dataclass(frozen=True)
class ImageData:
    splits: dict[str, ImageSplit]
    card: DataCard
