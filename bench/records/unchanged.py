"""Is a file still the one that was read?

A file counts as unchanged while its number in the file system, its size and both of its times are what they were. Times
have a granularity: a file that is written twice within it, in place and with the same size, looks the same. So what is
read from a file that was just written is not to be remembered (`settled`); git's index has the same rule.
"""

from __future__ import annotations

import os
import stat
import time
from typing import NamedTuple

_GRAIN_NS = 2_000_000_000  # of FAT, the coarsest file system there is


class Signature(NamedTuple):
    """inode, bytes, and the times of the last change of the content and of anything, in nanoseconds."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @property
    def settled(self) -> bool:
        """Was the last change long enough ago that another one would show?"""
        return max(self.mtime_ns, self.ctime_ns) + _GRAIN_NS < time.time_ns()


def signature(path: str | os.PathLike[str]) -> Signature | None:
    """Of a regular file; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # a path that is asked for ten thousand times is text
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Signature(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
