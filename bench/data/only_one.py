"""One process at a time works on a file; the others wait for it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_one(target: Path) -> Iterator[None]:
    """Hold the lock `<target>.lock` for the block; a process that dies lets go of it. OSError where it can't be made.

    Without effect on Windows, whose locks are other ones.
    """
    if sys.platform == "win32":
        yield
        return
    lock = target.with_name(target.name + ".lock")
    held = _acquire(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(held)


def _acquire(lock: Path) -> int:
    import fcntl

    told = False
    while True:
        held = os.open(lock, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                sys.stderr.write(f"waiting: another process works on {lock.with_suffix('')}\n")
                told = True
            fcntl.flock(held, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):  # a file system without locks
                raise
        if _is_at(lock, held):
            return held
        os.close(held)  # its owner has removed it meanwhile, and the next one makes another


def _is_at(lock: Path, held: int) -> bool:
    try:
        return os.path.samestat(lock.stat(), os.fstat(held))
    except FileNotFoundError:
        return False
