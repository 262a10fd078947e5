"""From the authors' files to one safetensors file below the data directory, each checked by its hash. Free of torch
until something has to be converted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.artifacts import open_place
from bench.artifacts.place import explained
from bench.catalogue.entries import Entry, PublishedFile
from bench.data.download import fetch_file
from bench.data.location import root
from bench.data.only_one import only_one
from bench.data.progress import OnProgress
from bench.errors import Mismatch, StoreError
from bench.records.files import file_sha256

FOLDER: Final = "weights"


def weights_file(entry: Entry, data_dir: Path | None = None) -> Path:
    """Where the converted weights lie, or will: `<data directory>/weights/NAME.safetensors`."""
    return root(data_dir) / FOLDER / f"{entry.name}.safetensors"


def is_here(entry: Entry, data_dir: Path | None = None) -> bool:
    """Whether the converted file is there, with its hash."""
    file = weights_file(entry, data_dir)
    return file.is_file() and file_sha256(file) == entry.sha256


def fetch_weights(
    entry: Entry, store: str | None = None, data_dir: Path | None = None, on_progress: OnProgress | None = None
) -> Path:
    """Bring the authors' files, convert them, keep the result; a file that is here already stays.

    store : a folder or an address that the files' paths are below [default: the entry's base]

    The authors' files are deleted once they are converted: the result can be checked without them. Raises StoreError
    where a file can't be had or is another one, DataInvalid for one that holds more than tensors or other ones, and
    Mismatch where the result is not the one that the catalogue names.
    """
    target = weights_file(entry, data_dir)
    with explained(f"{target.parent} can't be written"):
        target.parent.mkdir(parents=True, exist_ok=True)
    with only_one(target):
        if not is_here(entry, data_dir):
            _make(entry, _from_store(store) if store else _from_authors, target, on_progress)
    return target


_Get = Callable[[Entry, PublishedFile, Path, OnProgress | None], None]


def _make(entry: Entry, get: _Get, target: Path, on_progress: OnProgress | None) -> None:
    aside = target.with_name(f".{entry.name}")
    files = []
    for file in entry.files:
        files.append(aside / file.sha256)  # what is there under its hash was checked when it came
        if not files[-1].is_file():
            get(entry, file, files[-1], on_progress)
    from bench.catalogue.convert import convert

    made = aside / target.name
    convert(entry, files, made)
    if (found := file_sha256(made)) != entry.sha256:
        raise Mismatch(
            f"{entry.name}: the converted file has sha256 {found}, the catalogue says {entry.sha256}.",
            f"The authors' files are right: {entry.converter} or the safetensors package has changed.",
        )
    with explained(f"{target} can't be written"):
        made.replace(target)
        shutil.rmtree(aside)


def _from_authors(entry: Entry, file: PublishedFile, target: Path, on_progress: OnProgress | None) -> None:
    """From the address of the catalogue, which is not the user's own store: no token of theirs goes there."""
    with explained(f"{file.path} was not fetched"):
        fetch_file(
            f"{entry.base}/{file.path}",
            target,
            checksum=f"sha256:{file.sha256}",
            size=file.bytes,
            on_progress=on_progress,
        )


def _from_store(store: str) -> _Get:
    place = open_place(store)

    def get(entry: Entry, file: PublishedFile, target: Path, on_progress: OnProgress | None) -> None:
        try:
            place.get(file.path, target, file.sha256, file.bytes, on_progress)
        except StoreError as error:
            raise StoreError(
                f"{entry.name}: {error.message}", f"Under --from the files lie as below {entry.base}. {error.fix}"
            ) from error

    return get
