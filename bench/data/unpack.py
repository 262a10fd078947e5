"""Unpack a zip or tar that came from somewhere else without trusting it.

Refused before anything is written: absolute paths and `..`, links and special files, members or totals beyond the
limits, members that claim to shrink more than images ever do. While unpacking: a member that is longer than it
claimed, a failed checksum, an archive that ends early. The error names the member.
"""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from bench.errors import DataInvalid

_CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError)
_TELLING = frozenset({b"L", b"K", b"x", b"g", b"X"})  # GNU long name and link, pax for one member, for all, Solaris
_TELLING_BYTES = 1 << 20
_TELLING_CHAIN = 16
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Limits:
    """Beyond these an archive is taken for a bomb. The defaults leave room for ImageNet-sized training sets."""

    total_bytes: int = 200 << 30
    member_bytes: int = 16 << 30
    members: int = 5_000_000
    ratio: int = 200  # unpacked to packed, judged from `ratio_from_bytes` on: tiny files may well be that regular
    ratio_from_bytes: int = 16 << 20


DEFAULT_LIMITS = Limits()
IN_MEMORY_LIMITS = Limits(total_bytes=512 << 20, member_bytes=64 << 20, members=200_000)


def is_archive(path: Path) -> bool:
    """True for a file whose name says zip or tar."""
    return path.is_file() and path.name.lower().endswith(_SUFFIXES)


def unpack(archive: Path, target: Path, limits: Limits = DEFAULT_LIMITS) -> None:
    """Unpack into `target`, which must not exist; after an error it does not exist either.

    Raises DataInvalid naming the archive, the member and the reason.
    """
    target.mkdir(parents=True)
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, target, limits)
        else:
            _unpack_tar(archive, target, limits)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def read_zip(archive: Path, limits: Limits = IN_MEMORY_LIMITS) -> dict[str, bytes]:
    """The files of a small zip by their path, in memory: for thousands of tiny ones this saves as many on the disk.

    Raises DataInvalid as `unpack` does.
    """
    files: dict[str, bytes] = {}
    with _checked_zip(archive, limits) as (opened, members):
        for info in members:
            with _member(archive, info.filename), opened.open(info) as stream:
                out = io.BytesIO()
                _copy(archive, info.filename, stream, out, info.file_size)
                path = "/".join(_safe_parts(archive, info.filename))
                if path in files:
                    raise FileExistsError(path)
                files[path] = out.getvalue()
    return files


def _unpack_zip(archive: Path, target: Path, limits: Limits) -> None:
    with _checked_zip(archive, limits) as (opened, members):
        for info in members:
            with _member(archive, info.filename), opened.open(info) as stream:
                _write(archive, info.filename, stream, target, info.file_size)


@contextmanager
def _checked_zip(archive: Path, limits: Limits) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """The zip and its members that are files, every one of them judged by the table of contents."""
    with _broken_means_invalid(archive), zipfile.ZipFile(archive) as opened:
        budget = _Budget(archive, limits)
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refused(archive, info.filename, "is a link or a special file")
            if info.flag_bits & 0x1:
                raise _refused(archive, info.filename, "is encrypted")
            _safe_parts(archive, info.filename)
            budget.claim(info.filename, info.file_size, info.compress_size)
        yield opened, [info for info in opened.infolist() if not info.is_dir()]


def _unpack_tar(archive: Path, target: Path, limits: Limits) -> None:
    packed = archive.stat().st_size
    budget = _Budget(archive, limits)
    with _broken_means_invalid(archive), tarfile.open(archive, tarinfo=_careful(archive)) as opened:
        for info in opened:  # a stream: a compressed tar has no table of contents to judge beforehand
            if not (info.isreg() or info.isdir()):
                raise _refused(archive, info.name, "is a link or a special file")
            budget.claim(info.name, info.size, None)
            if budget.total > limits.ratio_from_bytes and budget.total > limits.ratio * packed:
                raise _refused(archive, info.name, f"unpacks to more than {limits.ratio} times the archive")
            _safe_parts(archive, info.name)
            if info.isreg():
                with _member(archive, info.name):
                    stream = opened.extractfile(info)
                    if stream is not None:
                        _write(archive, info.name, stream, target, info.size)
        _check_end(opened)


def _careful(archive: Path) -> type[tarfile.TarInfo]:
    """Headers that only tell something about the next one (long names, pax records) are read whole and recursively.

    A real member has at most a few of them, a few kilobytes each.
    """

    chained = 0

    class Careful(tarfile.TarInfo):
        def _proc_member(self, opened: tarfile.TarFile) -> tarfile.TarInfo:  # where subclasses are meant to step in
            nonlocal chained
            chained = chained + 1 if self.type in _TELLING else 0
            if chained and (self.size > _TELLING_BYTES or chained > _TELLING_CHAIN):
                raise _refused(archive, self.name, "has a header too long to be true")
            info: tarfile.TarInfo = super()._proc_member(opened)  # type: ignore[misc]  # not in the stubs
            return info

    return Careful


def _check_end(opened: tarfile.TarFile) -> None:
    """tarfile takes a file that stops between two members for complete, and never reads a gzip's checksum.

    A complete tar ends in two blocks of zeros, of which it has read one: something must follow, and to the end.
    """
    left = 0
    while chunk := opened.fileobj.read(_CHUNK):
        left += len(chunk)
    if not left:
        raise EOFError("it stops without the end mark")


class _Budget:
    """Running totals of what the members claim, against the limits."""

    def __init__(self, archive: Path, limits: Limits) -> None:
        self.archive, self.limits = archive, limits
        self.total = self.members = 0

    def claim(self, member: str, size: int, packed: int | None) -> None:
        limits = self.limits
        if size < 0:
            raise _refused(self.archive, member, f"claims {size:,} bytes")
        self.members += 1
        self.total += size
        if self.members > limits.members:
            raise _refused(self.archive, member, f"is one of more than {limits.members:,} members")
        if size > limits.member_bytes:
            raise _refused(self.archive, member, f"claims {size:,} bytes, more than {limits.member_bytes:,}")
        if self.total > limits.total_bytes:
            raise _refused(self.archive, member, f"brings the total beyond {limits.total_bytes:,} bytes")
        if packed is not None and size > limits.ratio_from_bytes and size > limits.ratio * max(packed, 1):
            raise _refused(self.archive, member, f"claims to unpack to more than {limits.ratio} times its size")


def _safe_parts(archive: Path, member: str) -> tuple[str, ...]:
    """The member's path below the target; refused where it would lie elsewhere on any operating system."""
    parts = PurePosixPath(member.replace("\\", "/")).parts
    if member.startswith(("/", "\\")) or ".." in parts or any(":" in part or "\0" in part for part in parts):
        raise _refused(archive, member, "points outside the target folder")
    return parts


def _write(archive: Path, member: str, stream: IO[bytes], target: Path, size: int) -> None:
    path = target.joinpath(*_safe_parts(archive, member))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise _refused(archive, member, "needs a folder where another member is a file") from error
    if path.is_dir():
        raise _refused(archive, member, "is a file where other members need a folder")
    with path.open("xb") as out:  # x: a second member of the same name must not replace the first
        _copy(archive, member, stream, out, size)


def _copy(archive: Path, member: str, stream: IO[bytes], out: IO[bytes], size: int) -> None:
    written = 0
    while chunk := stream.read(_CHUNK):
        written += len(chunk)
        if written > size:
            raise _refused(archive, member, f"is longer than the {size:,} bytes it claims")
        out.write(chunk)
    if written < size:
        raise _refused(archive, member, f"ends after {written:,} of {size:,} bytes")


@contextmanager
def _member(archive: Path, member: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise _refused(archive, member, "occurs twice") from error
    except (*_BROKEN, NotImplementedError) as error:
        raise _refused(archive, member, f"is damaged ({error})") from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise _refused(archive, member, "has a name too long for this file system") from error


@contextmanager
def _broken_means_invalid(archive: Path) -> Iterator[None]:
    try:
        yield
    except (*_BROKEN, OSError, ValueError, OverflowError, MemoryError) as error:  # ValueError: numbers that are none
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise DataInvalid(
                f"{archive} can't be unpacked ({error.strerror})", "Free some disk space, or look at the permissions."
            ) from error
        reason = (str(error) or type(error).__name__).partition("\n")[0].rstrip(":")  # tarfile lists all it tried
        raise DataInvalid(
            f"{archive} is not a complete zip or tar archive ({reason})", "It may be cut short: get it again."
        ) from error


def _refused(archive: Path, member: str, why: str) -> DataInvalid:
    named = repr(member) if len(member) < 200 else f"{member[:60]!r}..."
    return DataInvalid(f"{archive}: member {named} {why}", "Nothing was unpacked. Get the archive again.")
