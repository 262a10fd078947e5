"""Weights at a web address: read with GET, written with PUT, as object stores and WebDAV servers take it.

$BENCH_WEIGHTS_TOKEN, where set, is sent as a bearer token, to the address itself and nowhere it redirects to.
"""

from __future__ import annotations

import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bench._version import __version__
from bench.artifacts.place import explained
from bench.data.download import DEFAULT_PATIENCE, fetch_file
from bench.data.progress import OnProgress
from bench.data.transfer import TRANSIENT, Patience
from bench.errors import StoreError

_NO_HEAD = (404, 405, 410, 501)  # not there, or a server that doesn't say: then it is sent


@dataclass(frozen=True)
class Web:
    """Files below a web address."""

    url: str
    patience: Patience = DEFAULT_PATIENCE

    def has(self, names: Sequence[str]) -> set[str]:
        return {name for name in names if self._answers(name)}

    def put(self, files: Mapping[str, Path]) -> None:
        for name, file in files.items():
            self._send(name, file)

    def get(self, name: str, target: Path, sha256: str, size: int, on_progress: OnProgress | None = None) -> None:
        with explained(f"{name} was not fetched"):
            fetch_file(
                f"{self.url}/{name}",
                target,
                checksum=f"sha256:{sha256}",
                size=size,
                token=_token(),
                on_progress=on_progress,
                patience=self.patience,
            )

    def address(self, name: str) -> str | None:
        return f"{self.url}/{name}"

    def _answers(self, name: str) -> bool:
        status, reason = self._ask("HEAD", name, None)
        if status >= 300 and status not in _NO_HEAD:
            raise self._refused(name, "looked up", f"{status} {reason}")
        return status < 300

    def _send(self, name: str, file: Path) -> None:
        for attempt in range(self.patience.attempts):
            with file.open("rb") as body:
                try:
                    status, reason = self._ask("PUT", name, body)
                except StoreError:
                    if attempt + 1 == self.patience.attempts:
                        raise
                    status, reason = 503, ""
            if status < 300:
                return
            if status not in TRANSIENT or attempt + 1 == self.patience.attempts:
                raise self._refused(name, "sent", f"{status} {reason}")
            time.sleep(self.patience.pause_s * 2**attempt)

    def _ask(self, method: str, name: str, body: BinaryIO | None) -> tuple[int, str]:
        """Status and reason of the answer. Raises StoreError where there is none."""
        headers = {"User-Agent": f"meta-bench/{__version__}"}
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
            headers["Content-Length"] = str(os.fstat(body.fileno()).st_size)
        try:
            request = urllib.request.Request(f"{self.url}/{name}", data=body, headers=headers, method=method)
            if token := _token():
                request.add_unredirected_header("Authorization", f"Bearer {token}")
            # A server may take its time to store what it got; a connection is made, and each block sent, sooner.
            with urllib.request.urlopen(request, timeout=max(60.0, self.patience.timeout_s)) as answer:
                return int(answer.status), str(answer.reason)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, str(error.reason)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise self._refused(name, "asked for" if body is None else "sent", f"no answer ({reason})") from error

    def _refused(self, name: str, what: str, why: str) -> StoreError:
        return StoreError(
            f"{self.url}: {name} could not be {what}: {why}.",
            "Is the address right, and may you write there? $BENCH_WEIGHTS_TOKEN is sent as a bearer token, where set.",
        )


def _token() -> str | None:
    return os.environ.get("BENCH_WEIGHTS_TOKEN") or None
