"""Files in a repository of the Hugging Face hub: hf://owner/name, a model repository for weights.

$HF_ENDPOINT, $HF_TOKEN and $HF_HUB_OFFLINE are obeyed, and so is a login that huggingface_hub remembers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.artifacts.place import explained
from bench.data.download import fetch_file
from bench.data.hub_download import hub_endpoint
from bench.data.progress import OnProgress
from bench.errors import BenchError, StoreError, UsageError
from bench.records.files import first_line

_NAMED = re.compile(r"hf://([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?/?")


@dataclass(frozen=True)
class Hub:
    """A repository `owner/name`, at a branch, tag or commit."""

    repository: str
    revision: str = "main"
    kind: Literal["model", "dataset"] = "model"

    @classmethod
    def named(cls, text: str) -> Hub:
        found = _NAMED.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r} names no repository of the hub.", "Write hf://owner/name.")
        return cls(found[1], found[2] or "main")

    def has(self, names: Sequence[str]) -> set[str]:
        with self._explained("could not be read"):
            there = self._api().list_repo_files(self.repository, revision=self.revision, repo_type=self.kind)
        return set(names) & set(there)

    def put(self, files: Mapping[str, Path], message: str = "") -> None:
        """One commit, however many they are. message : of the commit [default: how many weights]"""
        if not files:
            return
        from huggingface_hub import CommitOperationAdd

        added = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(file)) for name, file in files.items()]
        with self._explained("could not be written"):
            self._api().create_commit(
                self.repository,
                added,
                commit_message=message or f"{len(added)} weights",
                revision=self.revision,
                repo_type=self.kind,
            )

    def get(self, name: str, target: Path, sha256: str, size: int, on_progress: OnProgress | None = None) -> None:
        with explained(f"{name} was not fetched"):
            fetch_file(
                f"{hub_endpoint(self.repository)}/{self.repository}/resolve/{self.revision}/{name}",
                target,
                checksum=f"sha256:{sha256}",
                size=size,
                token=login(),
                on_progress=on_progress,
            )

    def address(self, name: str) -> str | None:
        at = "" if self.revision == "main" else f"@{self.revision}"
        return f"hf://{self.repository}{at}/{name}"

    def _api(self) -> Any:
        from huggingface_hub import HfApi

        return HfApi(endpoint=hub_endpoint(self.repository), token=login())

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            yield
        except RepositoryNotFoundError as error:
            raise StoreError(
                f"The hub shows no {self.kind} repository {self.repository}: there is none, or it is private.",
                f"Make it at https://huggingface.co/new{'-dataset' if self.kind == 'dataset' else ''}, "
                "or log in: `hf auth login`, or HF_TOKEN.",
            ) from error
        except BenchError as error:
            raise StoreError(
                f"hf://{self.repository} {what}: {error.message}.", "Look at HF_ENDPOINT and HF_HUB_OFFLINE."
            ) from error
        except Exception as error:  # also of the HTTP library below huggingface_hub, which has changed before
            raise StoreError(
                f"hf://{self.repository} {what}: {first_line(error)}", "May your HF_TOKEN write there?"
            ) from error


def login() -> str | None:
    """The token of this machine: $HF_TOKEN, or what `hf auth login` has left."""
    from huggingface_hub import get_token

    token: str | None = get_token()
    return token
