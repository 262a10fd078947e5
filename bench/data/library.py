"""The data sets by name: load, fetch, import, verify, status."""

from __future__ import annotations

import importlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from bench.data import cache
from bench.data.contract import DataCard, ImageData
from bench.data.location import DatasetStatus, folder_bytes, root, source_folder
from bench.data.names import is_foreign, text_of
from bench.data.progress import OnProgress
from bench.errors import DataInvalid, DataMissing, UsageError, unknown_name

if TYPE_CHECKING:
    from bench.data.images import Transform
    from bench.data.prepare import Source

_PUBLISHED = ("omniglot", "miniimagenet", "cifarfs")  # one module of this package each
_OWN = "imagefolder"
_OFFLINE_SUITE = "glyphs-5w1s"


def datasets() -> tuple[str, ...]:
    """Names that `load` knows."""
    return (*_PUBLISHED, "glyphs", _OWN)


def load(
    name: str,
    *,
    data_dir: Path | None = None,
    path: Path | None = None,
    image_size: int | None = None,
    on_progress: OnProgress | None = None,
) -> ImageData:
    """The prepared data set, images memory-mapped read-only. Uses no network.

    In order: the prepared cache; files lying in `<root>/<name>/source`, which are prepared first; for glyphs, the
    generator; for imagefolder, the folder `path`, its images resized to `image_size` pixels a side.

    Raises DataMissing (with the commands that get the data), DataInvalid (damaged cache or source), UsageError.
    """
    _check_name(name)
    if name == _OWN:
        return _load_imagefolder(path, image_size, data_dir, on_progress)
    if path is not None or image_size is not None:
        raise UsageError(f"path and image_size are for imagefolder; {name} has its own")
    data_root = root(data_dir)
    folder = _cache_folder(data_root, name)
    if cache.is_prepared(folder):
        return cache.read(folder, name)
    if name == "glyphs":
        from bench.data import glyphs

        return glyphs.prepare(folder, on_progress)
    source = source_folder(data_root, name)
    if source.is_dir() and any(source.iterdir()):
        return _prepare(name, source, data_root, on_progress)
    raise _missing(name, data_root)


def fetch(name: str, data_dir: Path | None = None, on_progress: OnProgress | None = None) -> DataCard:
    """Download what is not there yet (resuming what was begun) and prepare it. Sound prepared data is left as it is.

    Raises DataMissing when the server can't be reached, DataInvalid when what came is not what was published.
    """
    _check_name(name)
    data_root = root(data_dir)
    folder = _cache_folder(data_root, name)
    if cache.is_prepared(folder):
        try:
            return cache.verify(folder, name)
        except DataInvalid:  # damaged: to be made again, which is what the error's remedy says
            pass
    if name == "glyphs":
        from bench.data import glyphs

        return glyphs.prepare(folder, on_progress).card
    source = source_folder(data_root, name)
    try:
        _published(name).download(source, on_progress)
    except DataMissing as error:
        raise DataMissing(error.message, f"{error.fix}\n{_alternatives(name)}") from error
    return _prepare(name, source, data_root, on_progress).card


def import_source(
    name: str, source: Path, data_dir: Path | None = None, on_progress: OnProgress | None = None
) -> DataCard:
    """Prepare the data set from a folder or archive of the user's; it is read, never changed. Replaces a cache."""
    _check_name(name)
    if name == "glyphs":
        raise UsageError("glyphs is built in, there is nothing to import", f"bench run ... --suite {_OFFLINE_SUITE}")
    if name == _OWN:
        raise UsageError(
            "An image folder is not imported; a suite names it", "See `bench info` of a suite with data: imagefolder."
        )
    source = Path(source).expanduser()
    if not source.exists():
        raise DataMissing(f"There is no {source} to import {name} from", f"bench data import {name} FOLDER")
    return _prepare(name, source, root(data_dir), on_progress).card


def verify(name: str, data_dir: Path | None = None) -> DataCard:
    """Recompute the hashes of the prepared cache; DataInvalid naming the expected and the found one.

    `name` may be that of one prepared image folder, as `status` gives it. The card has its remarks: a cache that was
    prepared before there were any is looked at now.
    """
    data_root = root(data_dir)
    if name.startswith(f"{_OWN}/"):
        folder = _prepared_folder(data_root, name)
        name = _OWN
    else:
        _check_name(name)
        folder = _cache_folder(data_root, name)
        if not cache.is_prepared(folder):
            raise _missing(name, data_root)
    card = cache.verify(folder, name)
    if card.remarks is None:
        from bench.data.pictures import Pictures

        return replace(card, remarks=Pictures(cache.read(folder, name).splits).remarks())
    return card


def status(data_dir: Path | None = None) -> list[DatasetStatus]:
    """What is on this machine, one row a data set and one an image folder; reads cards, not pixels."""
    data_root = root(data_dir)
    own = [_prepared(name, folder, folder_bytes(folder)) for name, folder in _prepared_folders(data_root).items()]
    return [_status(name, data_root) for name in datasets()] + own


def _status(name: str, data_root: Path) -> DatasetStatus:
    size = folder_bytes(data_root / name)
    if name == _OWN:
        return DatasetStatus(name, "built-in", size, None, "your own: train/, val/ and test/ folders of class folders")
    folder = _cache_folder(data_root, name)
    if not cache.is_prepared(folder):
        if name == "glyphs":
            return DatasetStatus(name, "built-in", size, None, "generated when first used")
        source = source_folder(data_root, name)
        if source.is_dir() and any(source.iterdir()):
            return DatasetStatus(name, "absent", size, None, f"not prepared yet: bench data import {name} {source}")
        return DatasetStatus(name, "absent", size, None, f"bench data fetch {name}")
    return _prepared(name, folder, size)


def _prepared(name: str, folder: Path, size: int) -> DatasetStatus:
    try:
        data = cache.read(folder, name.partition("/")[0])
    except DataInvalid as error:
        return DatasetStatus(name, "damaged", size, None, error.message)
    classes = " / ".join(str(len(part.classes)) for part in data.splits.values())
    images = sum(len(part.images) for part in data.splits.values())
    return DatasetStatus(name, "prepared", size, data.card, f"{images:,} images, {classes} classes; {data.card.source}")


def _prepared_folders(data_root: Path) -> dict[str, Path]:
    """The caches of users' folders: `imagefolder/<folder>-<state>/<transform>`."""
    cards = sorted((data_root / _OWN).glob("*/*/card.json"))
    found = {f"{_OWN}/{card.parent.parent.name}": card.parent for card in cards if not is_foreign(card.parent.name)}
    return {text_of(name): folder for name, folder in found.items()}


def _prepared_folder(data_root: Path, name: str) -> Path:
    known = _prepared_folders(data_root)
    if name not in known:
        raise unknown_name("prepared image folder", name, known)
    return known[name]


def _prepare(name: str, source: Path, data_root: Path, on_progress: OnProgress | None) -> ImageData:
    from bench.data.prepare import prepare
    from bench.data.splits import class_split
    from bench.data.unpack import is_archive, unpack

    published = _published(name)
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as scratch:
        if is_archive(source):
            unpack(source, Path(scratch) / "import")
            source = Path(scratch) / "import"
        return prepare(
            _cache_folder(data_root, name),
            published.open_source(source),
            class_split(name),
            published.TRANSFORM,
            on_progress,
        )


def _cache_folder(data_root: Path, name: str) -> Path:
    if name == _OWN:
        raise UsageError(
            "imagefolder stands for many folders; the path of one is needed",
            "Name it in a suite's data; `bench data status` lists the prepared ones as `bench data verify` takes them.",
        )
    if name == "glyphs":
        from bench.data.glyphs import TRANSFORM_ID

        return cache.cache_folder(data_root, name, TRANSFORM_ID)
    return cache.cache_folder(data_root, name, _published(name).TRANSFORM.id)


class _Published(Protocol):
    """What omniglot.py, miniimagenet.py and cifarfs.py each define."""

    TRANSFORM: Transform

    def open_source(self, folder: Path) -> Source:
        """The data set in `folder`, counted and checked."""

    def download(self, folder: Path, on_progress: OnProgress | None) -> None:
        """Get the published files into `folder`."""


def _published(name: str) -> _Published:
    return cast(_Published, importlib.import_module(f"bench.data.{name}"))


def _check_name(name: str) -> None:
    if name not in datasets():
        raise unknown_name("data set", name, datasets())


def _missing(name: str, data_root: Path) -> DataMissing:
    return DataMissing(
        f"The {name} images are not on this machine: nothing is prepared below {data_root / name}.",
        f"Get them:          bench data fetch {name}\n{_alternatives(name)}",
    )


def _alternatives(name: str) -> str:
    return (
        f"Or, from a copy:   bench data import {name} FOLDER\n"
        f"Or work offline:   bench run ... --suite {_OFFLINE_SUITE}    (built in, no download)"
    )


def _load_imagefolder(
    path: Path | None, image_size: int | None, data_dir: Path | None, on_progress: OnProgress | None
) -> ImageData:
    from bench.data import imagefolder

    if path is None:
        raise UsageError("imagefolder needs the path of a folder with train/, val/ and test/")
    return imagefolder.load(
        Path(path).expanduser(), image_size or imagefolder.DEFAULT_SIZE, root(data_dir), on_progress
    )
