"""Download one file: resumed where it broke off, tried again, checked, and in place only when complete.

The partial file is `<name>.part`; a later call continues it with an HTTP Range request. A server that ignores the
range, a page of HTML in place of data, a body that ends early, late or never and a wrong checksum are told apart.
Processes that want the same file wait for the one that gets it.
"""

from __future__ import annotations

import hashlib
import io
import time
from dataclasses import dataclass
from pathlib import Path

from bench.data.only_one import only_one
from bench.data.progress import OnProgress, Progress
from bench.data.transfer import Interrupted, Patience, RangeRefused, TooMuch, TooSlow, copy_body, open_url
from bench.errors import DataInvalid, DataMissing

_SMALL = 64 << 20  # bytes of an answer that is kept in memory
_LARGEST = 64 << 30  # bytes of a file whose size nobody has stated
_AGAIN = "Run the same command again: it continues where it stopped."
DEFAULT_PATIENCE = Patience()


def fetch_file(
    url: str,
    target: Path,
    *,
    checksum: str,
    size: int | None = None,
    at_most: int = _LARGEST,
    token: str | None = None,
    on_progress: OnProgress | None = None,
    patience: Patience = DEFAULT_PATIENCE,
) -> None:
    """Get `url` as `target`. A target that is already there was checked when it was written and is kept.

    checksum : "md5:<hex>" or "sha256:<hex>"
    size : bytes, where the publisher states them
    at_most : bytes, where not: a body may have no end
    token : sent to the server of `url` only

    Raises DataMissing (unreachable, 404, keeps breaking off, too slow, can't be written) or DataInvalid (HTML, wrong
    size, wrong checksum).
    """
    if target.exists():
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with only_one(target):
            if not target.exists():
                _Download(url, target, checksum, size, at_most, token, on_progress, patience).run()
    except OSError as error:
        raise DataMissing(
            f"{target} can't be written ({error.strerror or error})",
            "Free some disk space, or choose another place with --data-dir DIR or BENCH_DATA=DIR.",
        ) from error


def read_url(url: str, *, token: str | None = None, patience: Patience = DEFAULT_PATIENCE) -> bytes:
    """The body of a small answer. Raises as `fetch_file` does."""
    retries = _Retries(url, patience)
    while True:
        body = io.BytesIO()
        try:
            with open_url(url, patience, token) as response:
                copy_body(response, body, Progress(url, 0, None, "bytes"), patience, _SMALL)
                return body.getvalue()
        except TooMuch as error:
            raise DataInvalid(f"{url}: expected at most {_SMALL:,} bytes, found {error}") from error
        except Interrupted as error:
            retries.after(error, progressed=False)


@dataclass(frozen=True)
class _Download:
    """One file; the fields are `fetch_file`'s parameters."""

    url: str
    target: Path
    checksum: str
    size: int | None
    at_most: int
    token: str | None
    on_progress: OnProgress | None
    patience: Patience

    @property
    def part(self) -> Path:
        return self.target.with_name(self.target.name + ".part")

    def run(self) -> None:
        retries = _Retries(self.url, self.patience)
        while True:
            before = _size(self.part)
            try:
                self._continue()
                break
            except TooMuch as error:
                self.part.unlink(missing_ok=True)
                expected = f"at most {self.at_most:,}" if self.size is None else f"{self.size:,}"
                raise DataInvalid(
                    f"{self.url}: expected {expected} bytes, found {error}",
                    "Run the same command again. If it repeats, the published file has changed.",
                ) from error
            except Interrupted as error:
                retries.after(error, progressed=_size(self.part) > before and not isinstance(error, TooSlow))
        _check(self.url, self.part, self.checksum, self.size)
        self.part.replace(self.target)

    def _continue(self) -> None:
        """One attempt: ask for what the part lacks and append it."""
        part, have = self.part, _size(self.part)
        if self.size is not None and have == self.size:
            return
        try:
            response = open_url(self.url, self.patience, self.token, first_byte=have)
        except RangeRefused:
            if self.size is None:
                return  # complete already, or not what it should be: the checksum tells
            part.unlink()
            raise Interrupted(f"the partial file had {have:,} of {self.size:,} bytes") from None
        with response:
            if response.status != 206:
                have = 0  # the server ignores ranges: the whole file comes again
            length = response.headers.get("Content-Length", "")
            total = have + int(length) if length.isascii() and length.isdigit() else self.size
            limit = self.at_most if self.size is None else self.size
            if total is not None and total > limit:
                raise TooMuch(f"{total:,}")
            start = Progress(f"download {part.stem}", have, total, "bytes")
            with part.open("ab" if have else "wb") as out:
                copy_body(response, out, start, self.patience, limit, self.on_progress)
        if total is not None and _size(part) < total:
            raise Interrupted(f"the connection broke off after {_size(part):,} of {total:,} bytes")


class _Retries:
    """Waits before another attempt, or raises DataMissing when patience is at its end."""

    def __init__(self, url: str, patience: Patience) -> None:
        self.url, self.patience = url, patience
        self.failures, self.since = 0, time.monotonic()

    def after(self, error: Interrupted, *, progressed: bool) -> None:
        if progressed:
            self.failures, self.since = 0, time.monotonic()
        self.failures += 1
        waited = time.monotonic() - self.since
        if self.failures >= self.patience.attempts or waited > self.patience.give_up_s:
            raise DataMissing(f"{self.url} could not be downloaded: {error}", _AGAIN) from error
        time.sleep(self.patience.pause_s * 2 ** (self.failures - 1))


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
