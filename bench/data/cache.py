"""Prepared data sets on disk: `<root>/<name>/<transform>/{train,val,test}.npy` and `card.json`.

The arrays are memory-mapped, never unpickled. A cache is written into a folder of its own beside the target and
renamed when complete, so that a killed process leaves nothing that looks like data.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.data.contract import SPLITS, DataCard, ImageData, ImageSplit
from bench.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from bench.data.card import CardFile

_UNFINISHED = ".preparing-"
_HASH_BYTES = 1 << 24
_DAY_S = 86_400
_ATTEMPTS = 5  # to get into a place that other processes want too


def cache_folder(data_root: Path, name: str, transform: str) -> Path:
    """Where the data set prepared by this transform lies, whether it exists or not."""
    return data_root / name / transform.replace("/", "-v")


def is_prepared(folder: Path) -> bool:
    return (folder / "card.json").is_file()


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """A scratch folder that becomes `folder` if the block succeeds, and vanishes if it fails.

    An earlier cache in its place is replaced, one that another process has made meanwhile is kept. DataMissing if the
    place can't be written.
    """
    before = _identity(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        scratch = _unique(folder.parent)
        scratch.mkdir()
    except OSError as error:
        raise DataMissing(
            f"Prepared data can't be written below {folder.parent}: {error.strerror}",
            "Choose another place with --data-dir DIR or BENCH_DATA=DIR.",
        ) from error
    try:
        yield scratch
        _replace(scratch, folder, before)
    except OSError as error:
        raise DataInvalid(
            f"Preparing {folder} failed: {error}", "Free some disk space, or choose another place with --data-dir DIR."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_card(folder: Path, card: DataCard, splits: Mapping[str, ImageSplit]) -> None:
    """The last file of a cache: without it the folder is not one. A card that is there is replaced as a whole."""
    table = {
        split: {"shape": list(part.images.shape), "classes": list(part.classes), "counts": part.counts.tolist()}
        for split, part in splits.items()
    }
    document = {"schema": "bench.data/2", "card": asdict(card), "splits": table}
    unfinished = _unique(folder)
    unfinished.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    unfinished.replace(folder / "card.json")


def read(folder: Path, name: str) -> ImageData:
    """The prepared data set, images memory-mapped read-only. DataInvalid where a file is damaged.

    Sizes and types are checked here, hashes by `verify`: reading gigabytes has no place at every start.
    """
    document = _read_card(folder, name)
    splits: dict[str, ImageSplit] = {}
    for split, facts in document.splits.items():
        path = folder / f"{split}.npy"
        try:
            images = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise _damaged(name, path, str(error)) from error
        if images.dtype != np.uint8 or images.shape != facts.shape:
            raise _damaged(name, path, f"expected uint8 {facts.shape}, found {images.dtype} {images.shape}")
        splits[str(split)] = ImageSplit(images, np.asarray(facts.counts, dtype=np.int64), tuple(facts.classes))
    return ImageData(splits, document.card.contract())


def verify(folder: Path, name: str) -> DataCard:
    """Recompute the pixel hash; DataInvalid naming the expected and the found one."""
    data = read(folder, name)
    found = pixel_hash(data.splits)
    if found != data.card.pixel_sha256:
        raise _damaged(name, folder, f"expected pixel hash {data.card.pixel_sha256}, found {found}")
    if data.card.exact and data.card.fingerprint != found:
        raise _damaged(name, folder, f"the card's fingerprint {data.card.fingerprint} is not its pixel hash {found}")
    return data.card


def pixel_hash(splits: Mapping[str, ImageSplit]) -> str:
    """sha256 of every split's name, shape, classes, counts and pixels: equal hashes, equal data sets."""
    digest = hashlib.sha256()
    for split in SPLITS:
        part = splits[split]
        header = [split, list(part.images.shape), list(part.classes), part.counts.tolist()]
        digest.update(json.dumps(header, separators=(",", ":")).encode())
        rows = max(1, _HASH_BYTES // max(1, int(np.prod(part.images.shape[1:]))))
        for first in range(0, len(part.images), rows):  # in pieces: a memory map must not become resident at once
            digest.update(np.ascontiguousarray(part.images[first : first + rows]).data)
    return digest.hexdigest()


def _read_card(folder: Path, name: str) -> CardFile:
    from pydantic import ValidationError

    from bench.data.card import CardFile

    path = folder / "card.json"
    try:
        return CardFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise _damaged(name, path, f"{where}: {first['msg']}" if where else first["msg"]) from error
    except OSError as error:
        raise _damaged(name, path, str(error)) from error


def _damaged(name: str, path: Path, why: str) -> DataInvalid:
    return DataInvalid(
        f"The prepared {name} data is damaged: {path}: {why}",
        f"Delete {path.parent}: it is made again when next used."
        if name == "imagefolder"
        else f"Check it with `bench data verify {name}`, or make it again: `{remedy(name)}`.",
    )


def remedy(name: str) -> str:
    """The command that makes a data set's cache again."""
    return f"bench data fetch {name}"


def _replace(scratch: Path, folder: Path, before: tuple[int, int] | None) -> None:
    for attempts_left in reversed(range(_ATTEMPTS)):
        if is_prepared(folder) and _identity(folder) != before:
            return  # another process was faster, and made the same
        aside = _unique(folder.parent)
        with contextlib.suppress(FileNotFoundError):
            folder.replace(aside)
        try:
            scratch.replace(folder)
        except OSError:
            if not attempts_left:
                raise
        else:
            return
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder this is: another one under the same name has another number or time."""
    try:
        facts = folder.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns


def _unique(parent: Path) -> Path:
    """An unused name; the folder gets ordinary permissions, for a cache that several people share."""
    return parent / f"{_UNFINISHED}{secrets.token_hex(6)}"


def _sweep(parent: Path) -> None:
    """Remove what killed processes left: unfinished folders nobody has touched for a day."""
    for left in parent.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(FileNotFoundError):  # its owner has just finished
            if time.time() - left.stat().st_mtime > _DAY_S:
                shutil.rmtree(left, ignore_errors=True)
