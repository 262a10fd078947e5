"""A folder to a repository of the Hugging Face hub, in one commit."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from bench.artifacts.hub import Hub, login
from bench.errors import UsageError
from bench.publishing.card import files_of


def demand_login() -> None:
    """Raise UsageError where nobody is logged in."""
    if login() is None:
        raise UsageError(
            "Nobody is logged in to the Hugging Face hub here, so nothing was uploaded.",
            "hf auth login, or HF_TOKEN=... before the command.",
        )


def upload(folder: Path, repository: str, kind: Literal["model", "dataset"], message: str) -> None:
    """repository : owner/name, which has to exist. Raises StoreError for what the hub refuses."""
    hub = Hub.named(f"hf://{repository}")
    Hub(hub.repository, kind=kind).put(files_of(folder), message)
