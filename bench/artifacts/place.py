"""Where weights are kept: a folder, a web address, or a repository of the Hugging Face hub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bench.data.progress import OnProgress
from bench.errors import BenchError, DataInvalid, DataMissing, StoreError, UsageError

_SCHEME = re.compile(r"([a-z][a-z0-9+]*)://")


class Place(Protocol):
    """A store of files that are named by the hash of their bytes: what has a name never changes."""

    def has(self, names: Sequence[str]) -> set[str]:
        """Which of these files are there."""

    def put(self, files: Mapping[str, Path]) -> None:
        """Bring files there, under these names."""

    def get(self, name: str, target: Path, sha256: str, size: int, on_progress: OnProgress | None = None) -> None:
        """Bring a file from there as `target`, whole and with this hash and size, or not at all."""

    def address(self, name: str) -> str | None:
        """Where others find the file, for a record; None for a place on this machine."""


def open_place(text: str) -> Place:
    """The store that a person names: hf://owner/name, http(s)://..., or a folder.

    Methods raise StoreError, saying what is wrong there. UsageError for another kind of address.
    """
    from bench.artifacts.folder import Folder
    from bench.artifacts.hub import Hub
    from bench.artifacts.web import Web

    scheme = _SCHEME.match(text)
    if scheme is None:
        return Folder(Path(text))
    if scheme[1] in ("http", "https"):
        return Web(text.rstrip("/"))
    if scheme[1] == "hf":
        return Hub.named(text)
    raise UsageError(
        f"{text!r} is not a store that bench knows.",
        "Give a folder, https://..., or hf://owner/name (of the hub).",
    )


def open_address(uri: str) -> tuple[Place, str]:
    """The place of one file, and its name there, from a record's `checkpoint.uri`."""
    hub = re.fullmatch(r"(hf://[^/]+/[^/]+)/(.+)", uri)
    place, _, name = (hub[1], "", hub[2]) if hub else uri.rpartition("/")
    return open_place(place), name


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Errors of a download, told for weights: a data set's remedies don't fit them."""
    try:
        yield
    except (DataMissing, DataInvalid) as error:
        again = "Run the same command again: it continues where it stopped. Or name another store with --from STORE."
        raise StoreError(f"{what}: {error.message}.", again) from error
    except BenchError:
        raise
    except OSError as error:
        raise StoreError(f"{what}: {error.strerror or error}.", "Look at its permissions and space.") from error
