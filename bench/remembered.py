"""What bench has found out once and could find out again: files in a cache directory of the user's.

They may be deleted at any time, and nothing depends on them: one that is missing, cut off, altered or of another
version of bench is as if it had never been there, and a directory that can't be written remembers nothing. Files are
replaced as a whole, so that writers at the same time are harmless: the last one stays. $BENCH_CACHE names another
directory; `BENCH_CACHE=off` turns all of it off.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

_KEPT = 64  # files of one kind, those written last
_OFF = {"off", "0", "no", "none"}


def folder(kind: str) -> Path | None:
    """Where files of one kind are kept; None where nothing is to be remembered. Need not exist."""
    named = os.environ.get("BENCH_CACHE", "")
    if named.lower() in _OFF:
        return None
    if named:
        return Path(named).expanduser() / kind
    import platformdirs

    return Path(platformdirs.user_cache_dir("bench")) / f".{kind}"  # beside the data sets, which no dot begins


def recall(path: Path, version: str) -> bytes | None:
    """What was remembered in a file under this very version, else None."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    seal, payload = content[:32], content[32:]
    return payload if seal == _seal(payload, version) else None


def remember(path: Path, version: str, payload: bytes) -> None:
    """Replace a file as a whole; without effect where that can't be done."""
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(_seal(payload, version) + payload)
        aside.replace(path)
        _thin_out(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def version_of(sources: Iterable[Path], *also: str) -> str:
    """A version that changes with every character of these source files, and with whatever else is named."""
    digest = hashlib.sha256(repr(also).encode())
    for source in sorted(sources):
        digest.update(f"{source.name}\0".encode() + source.read_bytes())
    return digest.hexdigest()


def _seal(payload: bytes, version: str) -> bytes:
    return hashlib.sha256(version.encode() + b"\0" + payload).digest()


def _thin_out(directory: Path) -> None:
    written = sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in written[_KEPT:]:
        path.unlink(missing_ok=True)
