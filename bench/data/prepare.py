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
from bench.data.contract import DataCard, ImageData, ImageSplit
from bench.data.images import Transform
from bench.data.progress import OnProgress, Progress
from bench.data.splits import ClassSplit
from bench.errors import DataInvalid

_BATCH = 256


@dataclass(frozen=True)
class ImageFile:
    """One image of a source: its class, a name for error messages, and how to get its bytes."""

    label: str
    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Source:
    """A data set in the form somebody published it.

    counts : images of each class; classes outside the split may be among them and are ignored
    files : opens the stream of images; within a class their order is the order of the result
    exact : True where every image decodes to the same pixels on every machine (PNG)
    """

    name: str
    description: str
    revision: str | None
    licence: str
    exact: bool
    counts: Mapping[str, int]
    files: Callable[[], Iterable[ImageFile]]


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
    """Write the cache `folder` from `source` and read it back."""
    with cache.writing(folder) as scratch:
        arrays = {
            part: np.lib.format.open_memmap(
                scratch / f"{part}.npy",
                mode="w+",
                dtype=np.uint8,
                shape=(sum(source.counts[label] for label in classes), *transform.shape),
            )
            for part, classes in split.items()
        }
        digests = {part: np.zeros((len(images), 32), np.uint8) for part, images in arrays.items()}
        _fill(arrays, digests, source, split, transform, on_progress)
        for images in arrays.values():
            images.flush()
        splits = {
            part: ImageSplit(arrays[part], np.array([source.counts[label] for label in classes], np.int64), classes)
            for part, classes in split.items()
        }
        pixels = cache.pixel_hash(splits)
        fingerprint = pixels if source.exact else _source_hash(splits, digests, transform.id)
        card = DataCard(
            source.name,
            source.description,
            source.revision,
            source.licence,
            transform.id,
            fingerprint,
            source.exact,
            pixels,
        )
        cache.write_card(scratch, card, splits)
    return cache.read(folder, source.name)


def _fill(
    arrays: Mapping[str, npt.NDArray[np.uint8]],
    digests: Mapping[str, npt.NDArray[np.uint8]],
    source: Source,
    split: ClassSplit,
    transform: Transform,
    on_progress: OnProgress | None,
) -> None:
    place = {label: (part, slot) for part, classes in split.items() for label, slot in _slots(classes, source.counts)}
    total, done = sum(len(images) for images in arrays.values()), 0

    def decode(file: ImageFile) -> tuple[npt.NDArray[np.uint8], bytes]:
        data = file.read()
        return transform.apply(data, file.name), hashlib.sha256(data).digest()

    wanted = (file for file in source.files() if file.label in place)
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as threads:  # Pillow decodes without the GIL
        for batch in _batches(wanted):
            for file, (pixels, digest) in zip(batch, threads.map(decode, batch), strict=True):
                part, slots = place[file.label]
                row = next(slots, None)
                if row is None:
                    raise DataInvalid(f"{source.name}: class {file.label} has more images than were counted at first")
                arrays[part][row] = pixels
                digests[part][row] = np.frombuffer(digest, np.uint8)
            done += len(batch)
            if on_progress is not None:
                on_progress(Progress(f"prepare {source.name}", done, total, "images"))
    if done != total:
        raise DataInvalid(f"{source.name}: expected {total} images, the source ended after {done}")


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


def _source_hash(
    splits: Mapping[str, ImageSplit], digests: Mapping[str, npt.NDArray[np.uint8]], transform_id: str
) -> str:
    """sha256 of the transform id and of each image file's own sha256, with the class layout.

    JPEG decoders round differently, so pixels can't identify a JPEG data set, but its bytes can.
    """
    digest = hashlib.sha256(transform_id.encode())
    for part, facts in splits.items():
        digest.update(repr((part, facts.classes, facts.counts.tolist())).encode())
        digest.update(digests[part].tobytes())
    return digest.hexdigest()


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
