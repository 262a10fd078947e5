"""A person's own images: class folders without splits, or loose files. Read once, kept as what viewers show.

Photographs are turned as their EXIF orientation says, because nobody has published scores on them and a telephone
stores what it saw sideways.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.data.classfolders import list_classes
from bench.data.contract import Remark
from bench.data.decode import decode
from bench.data.names import is_image_file, text_of
from bench.data.remarks import remark
from bench.errors import DataInvalid, DataMissing, UsageError

LEAST_CLASSES, MOST_CLASSES, LEAST_IMAGES, MOST_IMAGES = 2, 200, 3, 20_000
LAYOUT = "Expected FOLDER/<class>/*.png|jpg|..., 2 to 200 classes of 3 or more images each."
_SMALL = 32  # pixels a side of the picture by which copies in another size or quality are found
_ALIKE = 0.995  # correlation of two such pictures that are one photograph
_READABLE = ".png, .jpg, .webp, .tif and others"


@dataclass(frozen=True)
class Photo:
    """One image file. name : as it is told; digest : of its pixels; small : uint8 [32, 32] of its lightness"""

    path: Path
    name: str
    digest: str
    small: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Known:
    """The images of each class, copies left out.

    labels : int64 [N], the class of each photo, ascending
    identity : sha256 of pixels, labels and class names: what draws and features are named by
    remarks : what was passed over, read in another way, or left out as a copy
    """

    classes: tuple[str, ...]
    photos: tuple[Photo, ...]
    labels: npt.NDArray[np.int64]
    identity: str
    remarks: tuple[Remark, ...]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Images of each class."""
        return np.bincount(self.labels, minlength=len(self.classes))


def read_known(folder: Path) -> Known:
    """Raises DataMissing (no such folder), DataInvalid (layout, an unreadable image), UsageError (too few or many)."""
    if not folder.is_dir():
        raise DataMissing(f"There is no folder {text_of(folder)}", LAYOUT)
    by_class, passed = list_classes(folder)
    if len(by_class) < LEAST_CLASSES or len(by_class) > MOST_CLASSES:
        found = f"{len(by_class)} class folder{'s' * (len(by_class) != 1)}"
        raise UsageError(f"{text_of(folder)} holds {found}.", LAYOUT)
    if (total := sum(map(len, by_class.values()))) > MOST_IMAGES:
        raise UsageError(f"{text_of(folder)} holds {total:,} images, more than {MOST_IMAGES:,}.", "See docs/suites.md.")
    photos, notes = _read([path for paths in by_class.values() for path in paths], folder)
    labels = np.repeat(np.arange(len(by_class)), [len(paths) for paths in by_class.values()])
    keep, found_copies = _copies(photos, labels)
    photos, labels = [photo for photo, kept in zip(photos, keep, strict=True) if kept], labels[keep]
    classes = tuple(by_class)
    _refuse_small(classes, labels, found_copies)
    digest = hashlib.sha256(repr(classes).encode())
    for photo, label in zip(photos, labels.tolist(), strict=True):
        digest.update(f"{label} {photo.digest}\n".encode())
    return Known(classes, tuple(photos), labels, digest.hexdigest(), (*passed, *notes, *found_copies))


def read_new(places: Sequence[Path]) -> list[Photo]:
    """Images to be answered: files, and the image files of folders at any depth, in order.

    Raises DataMissing for a place that is not there or holds no image, DataInvalid for an image that can't be read.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = sorted(path for path in place.rglob("*") if is_image_file(path))
            if not inside:
                raise DataMissing(f"{text_of(place)} holds no image.", f"bench reads {_READABLE}.")
            found += inside
        elif place.is_file():
            found.append(place)
        else:
            raise DataMissing(f"There is no {text_of(place)}.", "Name image files or folders of them.")
    return _read(found, None)[0]


def _read(paths: Sequence[Path], folder: Path | None) -> tuple[list[Photo], list[Remark]]:
    from PIL import Image

    photos: list[Photo] = []
    noted: dict[str, list[str]] = {}
    for path in paths:
        name = text_of(path.relative_to(folder).as_posix() if folder else path)
        data = _bytes(path, name)
        decoded = decode(data, name, "RGB", upright=True)
        pixels = np.asarray(decoded.image)
        shape = repr(pixels.shape).encode()
        small = np.asarray(decoded.image.convert("L").resize((_SMALL, _SMALL), Image.Resampling.BOX))
        photos.append(Photo(path, name, hashlib.sha256(shape + pixels.tobytes()).hexdigest(), small))
        for note in decoded.notes:
            noted.setdefault(note, []).append(name)
    return photos, [found for note, names in sorted(noted.items()) for found in remark(note, "", names)]


def _bytes(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataInvalid(f"{name} can't be read ({error.strerror})", "Look at its permissions.") from error


def _copies(photos: Sequence[Photo], labels: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.bool_], list[Remark]]:
    """Which photos to keep, the first of each that occurs twice in a class, and what to say of the others.

    Copies would be labelled and asked at once, so that every method would look better than it is.
    """
    keep = np.ones(len(photos), np.bool_)
    patterns = np.stack([photo.small.ravel() for photo in photos]).astype(np.float32)
    patterns -= patterns.mean(1, keepdims=True)
    length = np.linalg.norm(patterns, axis=1)
    patterns /= np.maximum(length, 1e-6)[:, None]
    twins, alike = [], []
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == label)
        same = patterns[rows] @ patterns[rows].T
        for at, row in enumerate(rows.tolist()):
            before = [other for other in range(at) if keep[rows[other]]]
            for other in before:
                first = photos[int(rows[other])]
                if photos[row].digest == first.digest:
                    twins.append(f"{photos[row].name} = {first.name}")
                elif same[at, other] > _ALIKE:
                    alike.append(f"{photos[row].name} ~ {first.name}")
                else:
                    continue
                keep[row] = False
                break
    return keep, [
        *remark("blank", "the folder", [photo.name for photo, size in zip(photos, length, strict=True) if size == 0]),
        *remark("own twins", "", twins),
        *remark("own alike", "", alike),
        *remark("twin classes", "the folder", _shared(photos, labels)),
    ]


def _shared(photos: Sequence[Photo], labels: npt.NDArray[np.int64]) -> list[str]:
    """Pictures that are in more than one class."""
    first: dict[str, int] = {}
    found = []
    for row, photo in enumerate(photos):
        other = first.setdefault(photo.digest, row)
        if labels[other] != labels[row]:
            found.append(f"{photo.name} = {photos[other].name}")
    return found


def _refuse_small(classes: Sequence[str], labels: npt.NDArray[np.int64], copies: Sequence[Remark]) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    small = [f"{classes[i]} ({counts[i]})" for i in np.flatnonzero(counts < LEAST_IMAGES).tolist()]
    if small:
        left_out = " once copies are left out" if copies else ""
        raise UsageError(
            f"Expected {LEAST_IMAGES} or more different images a class; found fewer{left_out} in "
            f"{', '.join(small[:5])}{', ...' * (len(small) > 5)}.",
            "Add images, or move the folder away.",
        )
