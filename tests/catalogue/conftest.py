"""A catalogue with one entry, its files in a folder, and a data directory that may be written."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.catalogue import Entry, entries, load_catalogue
from bench.catalogue.convert import convert
from bench.records.files import file_sha256
from tests.catalogue.authors import catalogue_text, random_networks, save_theirs
from tests.data.conftest import web

__all__ = ["web"]

PATHS = ("models/encoder.pkl", "models/relation.pkl")


@dataclass(frozen=True)
class Published:
    """folder : what the authors have published; catalogue : the file that names it; data : the data directory"""

    folder: Path
    catalogue: Path
    data: Path

    def describe(self, sha256: str = "f" * 64, /, **changes: Any) -> Entry:
        """Write the catalogue anew."""
        files = {path: self.folder / path for path in PATHS}
        self.catalogue.write_text(catalogue_text(files, sha256, **changes))
        return load_catalogue(self.catalogue)["tiny"]


@pytest.fixture
def published(tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    found = Published(tmp_path / "authors", tmp_path / "weights.yaml", tmp_path / "data")
    for path, network in zip(PATHS, random_networks(1, 4, inputs=4, padding=1), strict=True):
        save_theirs(network, found.folder / path)
    entry = found.describe()
    made = tmp_path / "converted.safetensors"
    convert(entry, [found.folder / path for path in PATHS], made)
    found.describe(file_sha256(made))
    shutil.copytree(bench_data, found.data)
    monkeypatch.setattr(entries, "catalogue_file", lambda: found.catalogue)
    monkeypatch.setenv("BENCH_DATA", str(found.data))
    return found
