"""Weights in a folder: a disk that machines share, or a copy to carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.artifacts.place import explained
from bench.data.progress import OnProgress
from bench.errors import StoreError
from bench.records.files import file_sha256, replace_file


@dataclass(frozen=True)
class Folder:
    """The files lie directly in it; it is made when the first one comes."""

    path: Path

    def has(self, names: Sequence[str]) -> set[str]:
        return {name for name in names if (self.path / name).is_file()}

    def put(self, files: Mapping[str, Path]) -> None:
        with explained(f"{self.path} can't be written"):
            self.path.mkdir(parents=True, exist_ok=True)
            for name, file in files.items():
                replace_file(self.path / name, file)

    def get(self, name: str, target: Path, sha256: str, size: int, on_progress: OnProgress | None = None) -> None:
        source = self.path / name
        if not source.is_file():
            raise StoreError(f"{self.path} has no {name}.", "Name another store with --from STORE.")
        if source.stat().st_size != size or file_sha256(source) != sha256:
            raise StoreError(f"{source} is not what its name says.", "Name another store with --from STORE.")
        with explained(f"{target} can't be written"):
            target.parent.mkdir(parents=True, exist_ok=True)
            replace_file(target, source)

    def address(self, name: str) -> str | None:
        return None
