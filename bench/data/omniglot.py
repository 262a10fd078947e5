"""Omniglot (Lake et al. 2015): 1,623 handwritten characters of 50 alphabets, 20 drawings each.

28x28, ink bright. Rotations are not applied here: the tasks layer makes four classes of each character.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from bench.data.download import fetch_file
from bench.data.images import Transform
from bench.data.prepare import ImageFile, Source, check_counts
from bench.data.progress import OnProgress
from bench.data.splits import class_split
from bench.data.unpack import read_zip
from bench.errors import DataInvalid

NAME = "omniglot"
TRANSFORM = Transform(size=28, colour="grey", invert=True)
BASE_URL = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python"
Drawings = dict[str, dict[str, bytes]]  # "Alphabet/characterNN" -> file name -> PNG

_ARCHIVE_BYTES = 64 << 20  # of either archive, at most: several times their size
PARTS = {  # md5 of the official archives; a copy packed again by somebody else has others and is as good
    "images_background": "68d2efa1b9178cc56df9314c21c6e718",
    "images_evaluation": "6b91aef0f799c5bb55b94e3f2daec811",
}


def open_source(folder: Path) -> Source:
    """Omniglot's official layout: folders or zip files `images_background` and `images_evaluation`."""
    images: Drawings = {}
    for part in PARTS:
        images |= _part(folder, part)
    counts = {label: len(drawings) for label, drawings in images.items()}
    check_counts(NAME, class_split(NAME), counts)
    return Source(
        name=NAME,
        description="official layout, images_background and images_evaluation",
        revision=None,
        licence="MIT",
        exact=True,
        counts=counts,
        files=lambda: (
            ImageFile(label, f"{label}/{name}", partial(bytes, drawings[name]))
            for label, drawings in images.items()
            for name in sorted(drawings)
        ),
    )


def download(folder: Path, on_progress: OnProgress | None) -> None:
    """Both official archives, 15 MB, checked against their md5."""
    for name, md5 in PARTS.items():
        target = folder / f"{name}.zip"
        fetch_file(
            f"{BASE_URL}/{name}.zip", target, checksum=f"md5:{md5}", at_most=_ARCHIVE_BYTES, on_progress=on_progress
        )


def _part(folder: Path, name: str) -> Drawings:
    """The part `name`, found below `folder` as a folder or a zip file; all of Omniglot is 8 MB of PNG files."""
    for base in (folder, folder / "python", folder / "omniglot", folder / "omniglot" / "python"):
        if (base / name).is_dir():
            paths = (base / name).glob("*/*/*.png")
            return _grouped((path.parts[-3:], path.read_bytes()) for path in paths)
        if (base / f"{name}.zip").is_file():
            members = read_zip(base / f"{name}.zip").items()
            return _grouped((tuple(path.split("/")[-3:]), data) for path, data in members if path.endswith(".png"))
    raise DataInvalid(
        f"{folder} is not Omniglot's official layout: expected {name}/ or {name}.zip in it",
        "Get both archives with `bench data fetch omniglot`, or from github.com/brendenlake/omniglot (folder python).",
    )


def _grouped(files: Iterable[tuple[tuple[str, ...], bytes]]) -> Drawings:
    """From ((alphabet, character, file), bytes) to drawings by character."""
    drawings: Drawings = {}
    for path, data in files:
        if path[-1].startswith("."):  # macOS packs a "._name" beside each file
            continue
        drawings.setdefault("/".join(path[:-1]), {})[path[-1]] = data
    return drawings
