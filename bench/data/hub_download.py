"""Download a pinned revision of a Hugging Face data set repository, file by file, resumably.

The hub's own listing gives every file's size and sha256. Fetching and reading apart means that a broken connection
costs a few seconds, not the seven gigabytes before it. $HF_ENDPOINT names a mirror, $HF_TOKEN is sent to it where set,
and $HF_HUB_OFFLINE is obeyed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bench.data.download import DEFAULT_PATIENCE, fetch_file, read_url
from bench.data.progress import OnProgress
from bench.data.transfer import Patience
from bench.errors import DataInvalid, DataMissing

_HUB = "https://huggingface.co"
_TRUE = {"1", "ON", "YES", "TRUE"}


class _Lfs(BaseModel):
    model_config = ConfigDict(extra="ignore")  # somebody else's format: it may grow
    oid: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")
    type: str
    path: str
    size: int = 0
    lfs: _Lfs | None = None


def download_splits(
    repository: str,
    revision: str,
    splits: Sequence[str],
    folder: Path,
    on_progress: OnProgress | None = None,
    patience: Patience = DEFAULT_PATIENCE,
) -> None:
    """The parquet files of these splits into `folder`, under the names they have in the repository.

    Raises DataMissing where the hub can't be reached or HF_HUB_OFFLINE is set, DataInvalid for files that are not
    what the hub's listing says.
    """
    endpoint = hub_endpoint(repository)
    wanted = [entry for entry in _listing(endpoint, repository, revision, patience) if _is_of(entry, splits)]
    for split in splits:
        if not any(_is_of(entry, [split]) for entry in wanted):
            raise DataInvalid(f"{repository} at {revision} has no parquet files of split {split!r}")
    for entry in wanted:
        if entry.lfs is None:
            raise DataInvalid(f"{repository}: the hub gives no sha256 for {entry.path}")
        fetch_file(
            f"{endpoint}/datasets/{repository}/resolve/{revision}/{entry.path}",
            folder / _below(entry.path),
            checksum=f"sha256:{entry.lfs.oid}",
            size=entry.size,
            token=os.environ.get("HF_TOKEN"),
            on_progress=on_progress,
            patience=patience,
        )


def hub_endpoint(repository: str) -> str:
    """The hub's address, or its mirror's. DataMissing where the environment says that there is no network."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in _TRUE:
        raise DataMissing(
            f"HF_HUB_OFFLINE is set, so {repository} can't be downloaded", "Unset it, or use `bench data import`."
        )
    return os.environ.get("HF_ENDPOINT", _HUB).rstrip("/")


def _listing(endpoint: str, repository: str, revision: str, patience: Patience) -> list[_Entry]:
    url = f"{endpoint}/api/datasets/{repository}/tree/{revision}?recursive=true"
    body = read_url(url, token=os.environ.get("HF_TOKEN"), patience=patience)
    try:
        return TypeAdapter(list[_Entry]).validate_python(json.loads(body))
    except (ValueError, ValidationError, RecursionError) as error:
        raise DataInvalid(f"{url} is not a listing of files as the Hugging Face hub gives it") from error


def _is_of(entry: _Entry, splits: Sequence[str]) -> bool:
    name = PurePosixPath(entry.path).name
    return entry.type == "file" and name.endswith(".parquet") and any(name.startswith(f"{s}-") for s in splits)


def _below(path: str) -> Path:
    """A path that the server chose, refused where it would leave the target folder."""
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or "\\" in path or ":" in path:
        raise DataInvalid(f"The hub's listing names a file outside its repository: {path!r}")
    return Path(*parts)
