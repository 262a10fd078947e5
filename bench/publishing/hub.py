"""A folder to a repository of the Hugging Face hub, in one commit."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bench.artifacts.hub import Hub, login
from bench.errors import UsageError


def files_of(folder: Path) -> dict[str, Path]:
    """What of a folder is published, by its path there: everything that is not hidden."""
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path for name, path in found.items() if not any(part.startswith(".") for part in name.parts)
    }


def upload(folder: Path, repository: str, kind: Literal["model", "dataset"], message: str) -> None:
    """repository : owner/name, which has to exist.

    Raises UsageError where nobody is logged in, StoreError for what the hub refuses.
    """
    if login() is None:
        raise UsageError(
            "Nobody is logged in to the Hugging Face hub here, so nothing was uploaded.",
            "hf auth login, or HF_TOKEN=... before the command.",
        )
    hub = Hub.named(f"hf://{repository}")
    Hub(hub.repository, kind=kind).put(files_of(folder), message)
