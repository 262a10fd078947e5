"""Turn a stream of image files into a prepared cache: decode in threads, place by class, hash, write the card.

Memory stays at a few hundred images beside the arrays, which are memory-mapped files from the start.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.data import cache
from bench.data.contract import DataCard, ImageData, ImageSplit, Remark
from bench.data.decode import RECONSIDERED
from bench.data.images import Transform
from bench.data.pictures import Pictures
from bench.data.progress import OnProgress, Progress
from bench.data.remarks import remark, say
from bench.data.splits import ClassSplit
from bench.errors import DataInvalid

_BATCH = 256


@dataclass(frozen=True)
class ImageFile:
    """One image of a source: its class, a name for messages, and how to get its bytes."""

    label: str
    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Source:
    """A data set in the form somebody published it.

    counts : images of each class; classes outside the split may be among them and are ignored
    files : opens the stream of images; within a class their order is the order of the result
    exact : True where every image decodes to the same pixels on every machine (PNG)
    place : what stands before every image's name in an error; a card does not hold it
    remarks : what was found while the files were listed
    own : a person's own folder: one that can't be meant is refused; standard data sets are as they are
    """

    name: str
    description: str
    revision: str | None
    licence: str
    exact: bool
    counts: Mapping[str, int]
    files: Callable[[], Iterable[ImageFile]]
    place: str = ""
    remarks: tuple[Remark, ...] = ()
    own: bool = False


@dataclass(frozen=True)
class _Filled:
    """One split while its images come in.

    images : uint8 [N, C, H, W], the memory-mapped file that is being written
    digests : uint8 [N, 32], sha256 of each image's source
    names : of each image
    """

    images: npt.NDArray[np.uint8]
    digests: npt.NDArray[np.uint8]
    names: list[str]


def check_counts(name: str, split: ClassSplit, counts: Mapping[str, int]) -> None:
    """DataInvalid unless every class of the split is there, all with the same number of images."""
    wanted = [label for classes in split.values() for label in classes]
    if missing := [label for label in wanted if not counts.get(label)]:
        raise DataInvalid(
            f"{name}: expected {len(wanted)} classes; {len(missing)} of them have no image: {_some(missing)}",
            f"Get the whole data set: `{cache.remedy(name)}`.",
        )
    usual = Counter(counts[label] for label in wanted).most_common(1)[0][0]
    if odd := [f"{label} has {counts[label]}" for label in wanted if counts[label] != usual]:
        raise DataInvalid(
            f"{name}: expected {usual} images of each class; {_some(odd)}",
            f"Get the whole data set: `{cache.remedy(name)}`.",
        )


def prepare(
    folder: Path, source: Source, split: ClassSplit, transform: Transform, on_progress: OnProgress | None = None
) -> ImageData:
    """Write the cache `folder` from `source`, say what is remarkable on stderr, and read the cache back."""
    with cache.writing(folder) as scratch:
        sizes = {part: sum(source.counts[label] for label in classes) for part, classes in split.items()}
        parts = {part: _empty(scratch / f"{part}.npy", size, transform) for part, size in sizes.items()}
        notes = _fill(parts, source, split, transform, on_progress)
        for part in parts.values():
            part.images.flush()  # type: ignore[attr-defined]  # a memory map
        splits = {
            part: ImageSplit(
                parts[part].images, np.array([source.counts[label] for label in classes], np.int64), classes
            )
            for part, classes in split.items()
        }
        pictures = Pictures(splits, {part: filled.names for part, filled in parts.items()})
        if source.own:
            pictures.refuse_hopeless(source.description)
        pixels = cache.pixel_hash(splits)
        card = DataCard(
            source.name,
            source.description,
            source.revision,
            source.licence,
            transform.id,
            pixels if source.exact else _source_hash(splits, parts, transform.id),
            source.exact,
            pixels,
            (*source.remarks, *notes, *pictures.remarks()),
        )
        cache.write_card(scratch, card, splits)
    say(source.description if source.own else source.name, card.remarks or (), own=source.own)
    return cache.read(folder, source.name)


def _empty(path: Path, size: int, transform: Transform) -> _Filled:
    images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(size, *transform.shape))
    return _Filled(images, np.zeros((size, 32), np.uint8), [""] * size)


def _fill(
    parts: Mapping[str, _Filled],
    source: Source,
    split: ClassSplit,
    transform: Transform,
    on_progress: OnProgress | None,
) -> list[Remark]:
    """Decode every image into its row; what the decoder noted."""
    place = {label: (part, slot) for part, classes in split.items() for label, slot in _slots(classes, source.counts)}
    total, done = sum(len(part.images) for part in parts.values()), 0
    noted: dict[str, list[str]] = {}

    def decode(file: ImageFile) -> tuple[npt.NDArray[np.uint8], bytes, tuple[str, ...]]:
        data = _bytes_of(file, source.place)
        pixels, notes = transform.apply_noted(data, source.place + file.name)
        digest = hashlib.sha256(data)
        for note in notes:
            if note in RECONSIDERED:
                digest.update(f"|{note}/1".encode())
        return pixels, digest.digest(), notes

    wanted = (file for file in source.files() if file.label in place)
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as threads:  # Pillow decodes without the GIL
        for batch in _batches(wanted):
            for file, (pixels, digest, notes) in zip(batch, threads.map(decode, batch), strict=True):
                part, slots = place[file.label]
                row = next(slots, None)
                if row is None:
                    raise DataInvalid(f"{source.name}: class {file.label} has more images than were counted at first")
                parts[part].images[row] = pixels
                parts[part].digests[row] = np.frombuffer(digest, np.uint8)
                parts[part].names[row] = file.name
                for note in notes:
                    noted.setdefault(note, []).append(file.name)
            done += len(batch)
            if on_progress is not None:
                on_progress(Progress(f"prepare {source.name}", done, total, "images"))
    if done != total:
        raise DataInvalid(f"{source.name}: expected {total} images, the source ended after {done}")
    return [found for note, names in sorted(noted.items()) for found in remark(note, "", names)]


def _bytes_of(file: ImageFile, place: str) -> bytes:
    try:
        return file.read()
    except OSError as error:
        raise DataInvalid(
            f"{place}{file.name} can't be read ({error.strerror or error})", "Look at its permissions, or remove it."
        ) from error


def _slots(classes: tuple[str, ...], counts: Mapping[str, int]) -> Iterator[tuple[str, Iterator[int]]]:
    """For each class the rows of its split's array, in order."""
    first = 0
    for label in classes:
        yield label, iter(range(first, first + counts[label]))
        first += counts[label]


def _batches(files: Iterable[ImageFile]) -> Iterator[list[ImageFile]]:
    files = iter(files)
    while batch := list(itertools.islice(files, _BATCH)):
        yield batch


def _source_hash(splits: Mapping[str, ImageSplit], parts: Mapping[str, _Filled], transform_id: str) -> str:
    """sha256 of the transform id and of each image file's own sha256, with the class layout.

    JPEG decoders round differently, so pixels can't identify a JPEG data set, but its bytes can, together with what
    was done to images that Pillow's plain conversion would spoil.
    """
    digest = hashlib.sha256(transform_id.encode())
    for part, facts in splits.items():
        digest.update(repr((part, facts.classes, facts.counts.tolist())).encode())
        digest.update(parts[part].digests.tobytes())
    return digest.hexdigest()


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
