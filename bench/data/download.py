"""Download one file: resumed where it broke off, tried again, checked, and in place only when complete.

The partial file is `<name>.part`; a later call continues it with an HTTP Range request. A server that ignores the
range, a page of HTML in place of data, a body that ends early and a wrong checksum are told apart.
"""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bench._version import __version__
from bench.data.progress import OnProgress, Progress
from bench.errors import DataInvalid, DataMissing

_CHUNK = 1 << 20
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_REPORT_S = 0.2
_AGAIN = "Run the same command again: it continues where it stopped."


@dataclass(frozen=True)
class Patience:
    """How long to try. The defaults give up on an unreachable server within about 20 seconds.

    timeout_s : of connecting, and of waiting for the next bytes
    attempts : in a row that bring no byte
    give_up_s : without a byte, however few the attempts: one attempt may wait for several addresses in turn
    pause_s : before the second attempt, doubled before each further one
    """

    timeout_s: float = 5.0
    attempts: int = 3
    give_up_s: float = 15.0
    pause_s: float = 0.5


DEFAULT_PATIENCE = Patience()


class _Interrupted(Exception):
    """Worth another attempt."""


class _RangeRefused(Exception):
    """416: the server has nothing beyond what we have, or we have too much."""


def fetch_file(
    url: str,
    target: Path,
    *,
    checksum: str,
    size: int | None = None,
    token: str | None = None,
    on_progress: OnProgress | None = None,
    patience: Patience = DEFAULT_PATIENCE,
) -> None:
    """Get `url` as `target`. A target that is already there was checked when it was written and is kept.

    checksum : "md5:<hex>" or "sha256:<hex>"
    size : bytes, where the publisher states them
    token : sent to the server of `url` only

    Raises DataMissing (unreachable, 404, keeps breaking off) or DataInvalid (HTML, wrong size, wrong checksum).
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    retries = _Retries(url, patience)
    while True:
        before = _size(part)
        try:
            _continue(url, part, size, token, on_progress, patience.timeout_s)
            break
        except _Interrupted as error:
            retries.after(error, progressed=_size(part) > before)
    _check(url, part, checksum, size)
    part.replace(target)


def read_url(url: str, *, token: str | None = None, patience: Patience = DEFAULT_PATIENCE) -> bytes:
    """The body of a small answer. Raises as `fetch_file` does."""
    retries = _Retries(url, patience)
    while True:
        try:
            with _open(url, patience.timeout_s, token) as response:
                _refuse_html(url, response)
                try:
                    return response.read()
                except (OSError, http.client.HTTPException) as error:
                    raise _Interrupted(f"the connection broke off ({error})") from error
        except _Interrupted as error:
            retries.after(error, progressed=False)


class _Retries:
    """Waits before another attempt, or raises DataMissing when patience is at its end."""

    def __init__(self, url: str, patience: Patience) -> None:
        self.url, self.patience = url, patience
        self.failures, self.since = 0, time.monotonic()

    def after(self, error: _Interrupted, *, progressed: bool) -> None:
        if progressed:
            self.failures, self.since = 0, time.monotonic()
        self.failures += 1
        waited = time.monotonic() - self.since
        if self.failures >= self.patience.attempts or waited > self.patience.give_up_s:
            raise DataMissing(f"{self.url} could not be downloaded: {error}", _AGAIN) from error
        time.sleep(self.patience.pause_s * 2 ** (self.failures - 1))


def _continue(
    url: str, part: Path, size: int | None, token: str | None, on_progress: OnProgress | None, timeout_s: float
) -> None:
    """One attempt: ask for what `part` lacks and append it."""
    have = _size(part)
    if size is not None and have == size:
        return
    try:
        response = _open(url, timeout_s, token, first_byte=have)
    except _RangeRefused:
        if size is None:
            return  # complete already, or not what it should be: the checksum tells
        part.unlink()
        raise _Interrupted(f"the partial file had {have:,} of {size:,} bytes") from None
    with response:
        _refuse_html(url, response)
        if response.status != 206:
            have = 0  # the server ignores ranges: the whole file comes again
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else size
        with part.open("ab" if have else "wb") as out:
            _copy(response, out, Progress(f"download {part.stem}", have, total, "bytes"), on_progress)
    if total is not None and _size(part) < total:
        raise _Interrupted(f"the connection broke off after {_size(part):,} of {total:,} bytes")


def _open(url: str, timeout_s: float, token: str | None, first_byte: int = 0) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": f"meta-bench/{__version__}"})
    if first_byte:
        request.add_header("Range", f"bytes={first_byte}-")
    if token:  # not for the storage servers that the hub redirects to
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)
        return response
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            raise _RangeRefused from error
        if error.code in _TRANSIENT:
            raise _Interrupted(f"the server answered {error.code} {error.reason}") from error
        raise DataMissing(
            f"{url} can't be had: the server answered {error.code} {error.reason}",
            "The publisher may have moved it. Use `bench data import` with a copy you have.",
        ) from error
    except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _Interrupted(f"no connection ({reason})") from error


def _copy(response: http.client.HTTPResponse, out: BinaryIO, start: Progress, on_progress: OnProgress | None) -> None:
    done, reported = start.done, 0.0
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, http.client.HTTPException) as error:
            raise _Interrupted(f"the connection broke off after {done:,} bytes ({error})") from error
        if chunk:
            out.write(chunk)
            done += len(chunk)
        if on_progress is not None and (not chunk or time.monotonic() - reported > _REPORT_S):
            reported = time.monotonic()
            on_progress(Progress(start.stage, done, start.total, "bytes"))
        if not chunk:
            return


def _refuse_html(url: str, response: http.client.HTTPResponse) -> None:
    kind = response.headers.get_content_type()
    if kind in ("text/html", "application/xhtml+xml"):
        raise DataInvalid(
            f"{url} gave a web page ({kind}) where data was expected",
            "A login page or a proxy may be in the way. Open the address in a browser, or use `bench data import`.",
        )


def _check(url: str, part: Path, checksum: str, size: int | None) -> None:
    """Delete the file and raise where it is not what was published: continuing it could never make it right."""
    found_size = _size(part)
    if size is not None and found_size != size:
        part.unlink()
        raise DataInvalid(f"{url}: expected {size:,} bytes, found {found_size:,}", "Run the same command again.")
    method, _, expected = checksum.partition(":")
    with part.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.new(method, usedforsecurity=False)).hexdigest()
    if found != expected:
        part.unlink()
        raise DataInvalid(
            f"{url}: expected {method} {expected}, found {found}",
            "The wrong file was deleted: run the same command again. If it repeats, the published file has changed.",
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
