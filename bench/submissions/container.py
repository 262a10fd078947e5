"""Opening a bundle that came from anywhere: a folder or a zip, refused as a whole when it is not plain files."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.data.unpack import Limits, unpack
from bench.errors import DataInvalid, UsageError
from bench.records.files import RECORD

# Scores of 10,000 episodes take under 1 MB; what is left is for a checkpoint. `bench pack` asks for a URI far earlier.
LIMITS = Limits(total_bytes=2 << 30, member_bytes=1 << 30, members=200, ratio=100)


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of a bundle or stored run; a zip is unpacked to a temporary one.

    Raises DataInvalid for links, special files, paths that leave the folder and anything beyond the limits;
    UsageError where there is no bundle.
    """
    if path.is_symlink():
        raise _refused(path, path.name, "is a link")
    if path.is_file():
        with tempfile.TemporaryDirectory(prefix="bench-verify-") as scratch:
            folder = Path(scratch) / "bundle"
            unpack(path, folder, LIMITS)
            _check(folder)
            yield _only_folder(folder)
        return
    if not path.is_dir():
        raise UsageError(f"There is no {path}.", "Give the folder or the zip that `bench pack` wrote, or a stored run.")
    _check(path)
    yield path


def files_below(folder: Path) -> dict[str, Path]:
    """Every file of a checked folder by its path with slashes."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def _check(folder: Path) -> None:
    """Refuse what is not a modest tree of regular files; links are not followed."""
    members = total = 0
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as listing:
            entries = list(listing)
        for entry in entries:
            name = Path(entry.path).relative_to(folder).as_posix()
            status = entry.stat(follow_symlinks=False)
            members += 1
            if members > LIMITS.members:
                raise _refused(folder, name, f"is one of more than {LIMITS.members:,} members")
            if stat.S_ISDIR(status.st_mode):
                waiting.append(Path(entry.path))
            elif not stat.S_ISREG(status.st_mode):
                raise _refused(folder, name, "is a link or a special file")
            else:
                total += status.st_size
                if status.st_size > LIMITS.member_bytes or total > LIMITS.total_bytes:
                    raise _refused(folder, name, f"is too large: {status.st_size:,} bytes, {total:,} so far")


def _only_folder(folder: Path) -> Path:
    """Zips made by hand often wrap everything in one folder."""
    entries = list(folder.iterdir())
    wrapped = len(entries) == 1 and entries[0].is_dir() and (entries[0] / RECORD).is_file()
    return entries[0] if wrapped else folder


def _refused(container: Path, member: str, why: str) -> DataInvalid:
    return DataInvalid(
        f"{container}: {member!r} {why}. A bundle is a few plain files.", "Ask for one made by `bench pack`."
    )
