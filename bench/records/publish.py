"""Putting a finished run directory in its place, whatever else happens meanwhile.

A run is assembled in `.tmp-<key>-<random>` beside its place and renamed. A directory cannot be renamed over another,
so a run that is replaced first steps aside to `.old-<key>~<random>`; if the writer dies before the new one is in
place, the next reader puts the old one back. At every instant the old or the new run is there in full.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import shutil
import time
from pathlib import Path

from bench.records.files import sync_directory
from bench.records.lease import is_free
from bench.records.names import LEASE

TMP, OLD = ".tmp-", ".old-"
_STALE_S = 3600.0  # a write takes seconds: an hour-old temporary belongs to a dead writer,
_QUIET_S = 60.0  # and so does one of a minute whose run nobody holds the lease of
_PUBLISH_ATTEMPTS = 50  # another writer or a recovering reader may get in between two renames


def publish(aside: Path, target: Path) -> None:
    """Rename a finished directory to its place; the one that is there steps aside until the new one is in."""
    for attempt in range(1, _PUBLISH_ATTEMPTS + 1):
        with contextlib.suppress(FileNotFoundError):  # a first run has nothing in its place
            target.replace(target.with_name(f"{OLD}{target.name}~{secrets.token_hex(4)}"))
        try:
            aside.replace(target)
            break
        except OSError as error:
            taken = error.errno in (errno.ENOTEMPTY, errno.EEXIST)  # by another writer, or a reader that restored
            if not taken or attempt == _PUBLISH_ATTEMPTS:
                restore(target)
                raise
    sync_directory(target.parent)
    clean(target.parent)


def restore(target: Path) -> Path:
    """Undo a replacement that was cut short; returns where the run lies: its place, or aside without write access."""
    old = [] if target.exists() else list(target.parent.glob(f"{OLD}{target.name}~*"))
    if target.exists() or not old:
        return target
    latest = max(old, key=_changed)
    try:
        latest.replace(target)
    except OSError:
        return target if target.exists() else latest
    return target


def _changed(path: Path) -> int:
    try:
        return path.stat().st_ctime_ns
    except FileNotFoundError:  # its writer has taken it away, or back
        return 0


def clean(directory: Path) -> None:
    """Delete what dead writers left behind, and old runs whose successors are in place.

    Old runs are listed before their successors are looked for: a run that steps aside after that is not touched.
    They are renamed before they are deleted, so that one half deleted is never taken for a run.
    Failure costs disk space only.
    """
    for old in list(directory.glob(OLD + "*")):
        if old.with_name(key_of(old)).exists():
            doomed = old.with_name(f"{TMP}{key_of(old)}-{secrets.token_hex(4)}")
            with contextlib.suppress(OSError):
                shutil.rmtree(old.replace(doomed), ignore_errors=True)
    for leftover in directory.glob(TMP + "*"):
        with contextlib.suppress(FileNotFoundError):
            age = time.time() - leftover.stat().st_mtime
            key = leftover.name.removeprefix(TMP).rpartition("-")[0]
            if age > _STALE_S or (age > _QUIET_S and is_free(directory / (LEASE + key))):
                shutil.rmtree(leftover, ignore_errors=True)


def key_of(path: Path) -> str:
    """The key a run directory belongs to, in its place or aside."""
    return path.name.removeprefix(OLD).partition("~")[0]
