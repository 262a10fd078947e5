"""Where data sets lie on this machine, and what `bench data status` says about each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.data.contract import DataCard

State = Literal["prepared", "absent", "built-in", "damaged"]


@dataclass(frozen=True)
class DatasetStatus:
    """One row of `bench data status`.

    bytes : on disk below the data set's folder, sources and prepared arrays together
    card : of the prepared cache, None where there is none or it can't be read
    detail : one line for a reader: shapes and source, or what to do
    """

    name: str
    state: State
    bytes: int
    card: DataCard | None
    detail: str


def root(data_dir: Path | None = None) -> Path:
    """Folder of all prepared data: `data_dir`, else $BENCH_DATA, else the platform's cache directory. May not exist."""
    if data_dir is not None:
        return Path(data_dir).expanduser()
    if named := os.environ.get("BENCH_DATA"):
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("bench"))


def source_folder(data_root: Path, name: str) -> Path:
    """`<root>/<name>/source`: downloads land here, and files put here by hand are prepared on first use."""
    return data_root / name / "source"


def folder_bytes(folder: Path) -> int:
    """Bytes of the regular files below `folder`, 0 where it is absent."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
