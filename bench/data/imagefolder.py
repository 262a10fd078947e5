"""Any images of your own: `FOLDER/{train,val,test}/<class>/*`, or `FOLDER/<class>/*` with a `split.yaml` beside them.

    # split.yaml
    train: [cat, dog]
    val: [fox]
    test: [owl, yak]

Images become RGB squares of `image_size` pixels. Prepared once; a file that is added, removed or changed makes a
new cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import replace
from pathlib import Path

from bench.data import cache
from bench.data.classfolders import KINDS_BESIDE, LAYOUT, Images, Listing, list_images
from bench.data.contract import ImageData, Remark
from bench.data.images import Transform
from bench.data.names import LOSSLESS, text_of
from bench.data.prepare import ImageFile, Source, prepare
from bench.data.progress import OnProgress
from bench.data.remarks import say
from bench.data.splits import check_disjoint
from bench.errors import DataMissing, UsageError

NAME = "imagefolder"
DEFAULT_SIZE = 84  # pixels a side
_LARGEST = 1024
_PREPARATION = 2  # a new number where the same files become other pixels or another card: old caches are left alone


def load(folder: Path, image_size: int, data_root: Path, on_progress: OnProgress | None = None) -> ImageData:
    """The folder's images, prepared below `<root>/imagefolder` if they are not yet.

    Raises DataMissing (no such folder), DataInvalid (another layout, a class without images or in two splits, an
    image that can't be read or does not say what white is, a split of blank images), UsageError (size).
    """
    if not 1 <= image_size <= _LARGEST:
        raise UsageError(f"image_size must lie in 1..{_LARGEST}, found {image_size}")
    if not folder.is_dir():
        raise DataMissing(f"There is no folder {folder}", LAYOUT)
    listing = list_images(folder)
    split = {part: tuple(sorted(classes)) for part, classes in listing.images.items()}
    check_disjoint(str(folder), split)
    transform = Transform(size=image_size, colour="rgb")
    target = cache.cache_folder(data_root / NAME, _state(folder, listing, transform), transform.id)
    if cache.is_prepared(target):
        return _with_remarks(cache.read(target, NAME), listing.remarks, target)
    return prepare(target, _source(folder, listing), split, transform, on_progress)


def _with_remarks(data: ImageData, listed: tuple[Remark, ...], target: Path) -> ImageData:
    """Files that were passed over may come and go without a change to the images; the card follows."""
    before = data.card.remarks or ()
    if listed == tuple(found for found in before if found.kind in KINDS_BESIDE):
        return data
    card = replace(data.card, remarks=(*listed, *(found for found in before if found.kind not in KINDS_BESIDE)))
    with contextlib.suppress(OSError):  # somebody else's cache, read-only
        cache.write_card(target, card, data.splits)
    say(card.source, [found for found in listed if found not in before], own=True)
    return ImageData(data.splits, card)


def _source(folder: Path, listing: Listing) -> Source:
    by_class = _by_class(listing.images)
    return Source(
        name=NAME,
        description=f"image folder {text_of(folder.resolve().name)}",
        revision=None,
        licence="as the images",
        exact=all(path.suffix.lower() in LOSSLESS for paths in by_class.values() for path in paths),
        counts={label: len(paths) for label, paths in by_class.items()},
        files=lambda: (
            ImageFile(label, text_of(path.relative_to(folder).as_posix()), path.read_bytes)
            for label, paths in by_class.items()
            for path in paths
        ),
        place=f"{text_of(folder)}/",
        remarks=listing.remarks,
        own=True,
    )


def _by_class(images: Images) -> dict[str, list[Path]]:
    return {label: list(paths) for classes in images.values() for label, paths in classes.items()}


def _state(folder: Path, listing: Listing, transform: Transform) -> str:
    """A short name for the folder as it is, prepared so: it changes with any file's path, size or time of change."""
    place = folder.resolve()
    digest = hashlib.sha256(f"preparation {_PREPARATION} {transform.id}".encode() + os.fsencode(place))
    for part, classes in listing.images.items():
        for label, paths in classes.items():
            for path in paths:
                facts = path.stat()
                digest.update(
                    repr((part, label, str(path.relative_to(folder)), facts.st_size, facts.st_mtime_ns)).encode()
                )
    return f"{text_of(place.name)}-{digest.hexdigest()[:12]}"
