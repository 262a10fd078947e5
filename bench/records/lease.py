"""One process at a time on one run: an exclusive lease, a file beside the run that says who holds it.

The system's file lock decides, so that the lease of a process that dies, however it dies, is free at once. Where a lock
does not reach other machines (some network file systems) the heartbeat does: the owner touches the file every few
seconds, and another host's lease counts until it has been silent for a minute.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.errors import StoreError
from bench.records.files import explain

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

HEARTBEAT_S = 10.0
SILENT_S = 60.0  # a lease of another host whose owner has not touched it for so long is free
_SKEW_S = 1.0  # the resolution of time stamps on some file systems
_GRACE_S = 2.0  # an owner that was just killed needs a moment to be gone
_POLL_S = 0.2


@dataclass(frozen=True)
class Owner:
    """Who holds a lease. `since` is RFC 3339, UTC."""

    host: str
    pid: int
    since: str

    @classmethod
    def me(cls) -> Owner:
        return cls(socket.gethostname(), os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"))

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


class Busy(Exception):
    """Somebody else holds the lease. `owner` is None where it has not said yet who it is."""

    def __init__(self, owner: Owner | None) -> None:
        super().__init__(f"{owner or 'another process'} works on it")
        self.owner = owner


@contextmanager
def lease(
    file: Path, wait: bool = False, say: Callable[[str], None] = lambda text: None, patience: float = _GRACE_S
) -> Iterator[None]:
    """Hold the lease of `file` for the length of the block; afterwards the file is gone.

    wait : wait for another owner, however long it takes; else raise Busy after `patience` seconds
    say : told once who is waited for

    Raises StoreError where the file can't be written.
    """
    began, told, me = time.monotonic(), False, Owner.me()
    while True:
        try:
            handle = _acquire(file, me)
            break
        except Busy as busy:
            if not wait and time.monotonic() - began >= patience:
                raise
            if not told and time.monotonic() - began > _GRACE_S:
                say(f"waiting: {busy}")
                told = True
        time.sleep(_POLL_S)
    done = threading.Event()
    threading.Thread(target=_beat, args=(file, done), name="bench-heartbeat", daemon=True).start()
    try:
        yield
    finally:
        done.set()
        _release(handle, file, me)


def owner_of(file: Path) -> Owner | None:
    """Who has signed the lease of `file` last; None where nobody has, or it can't be read. Asks no lock."""
    try:
        return _owner_in(file.read_bytes())
    except OSError:
        return None


def is_free(file: Path) -> bool:
    """Whether nobody is known to hold the lease of `file`, which need not exist; asking takes it for a moment."""
    if not file.exists():
        return True
    me = Owner.me()
    try:
        _release(_acquire(file, me), file, me)
    except (Busy, StoreError):
        return False
    return True


@contextmanager
def machine_shared(say: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Work on this machine beside others; waits while somebody measures speed, alone."""
    with _machine(alone=False, say=say):
        yield


@contextmanager
def machine_alone(say: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Have the machine to oneself among processes of bench: waits for those that work, and holds up new ones."""
    with _machine(alone=True, say=say):
        yield


@contextmanager
def _machine(alone: bool, say: Callable[[str], None]) -> Iterator[None]:
    if fcntl is None:
        yield
        return
    mode = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    told = False

    def held(name: str) -> int:
        nonlocal told
        file = Path(tempfile.gettempdir()) / f"bench-{name}-{os.getuid()}.lock"
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _lock(handle, mode):
            if not told:
                say("waiting for runs on this machine to end" if alone else "waiting: a speed is being measured, alone")
            told = True
            fcntl.flock(handle, mode)
        return handle

    door = held("door")  # who waits to be alone holds it already: those who come later queue up behind
    try:
        room = held("machine")
    finally:
        os.close(door)
    try:
        yield
    finally:
        os.close(room)


def _release(handle: int, file: Path, me: Owner) -> None:
    """Give up what `_acquire` gave, unless it is another's: of whom we were forked from, or who took us for dead."""
    with contextlib.suppress(OSError):  # a learner's code may have closed the file
        if os.getpid() == me.pid and _owner(handle) == me:
            file.unlink()
        os.close(handle)


def _acquire(file: Path, me: Owner) -> int:
    """An open, locked descriptor of the file that lies there now. Raises Busy."""
    while True:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        except OSError as error:
            raise explain(error, file) from error
        try:
            if not _lock(handle):
                raise Busy(_owner(handle))
            if not _is_at(handle, file):  # the former owner removed it between our opening and locking
                os.close(handle)
                continue
            if (other := _owner(handle)) and other.host != socket.gethostname() and _age(handle, file) < SILENT_S:
                raise Busy(other)
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(asdict(me)).encode(), 0)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.close(handle)
            if isinstance(error, OSError):
                raise explain(error, file) from error
            raise
        return handle


def _lock(handle: int, mode: int | None = None) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, (mode or fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):  # a file system without locks
            raise
    return True


def _is_at(handle: int, file: Path) -> bool:
    try:
        there = file.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(handle)
    return (there.st_ino, there.st_dev) == (here.st_ino, here.st_dev)


def _owner(handle: int) -> Owner | None:
    try:
        return _owner_in(os.pread(handle, 4096, 0))
    except OSError:
        return None


def _owner_in(content: bytes) -> Owner | None:
    try:
        return Owner(**json.loads(content))
    except (ValueError, TypeError):  # empty: taken, and not signed yet
        return None


def _age(handle: int, file: Path) -> float:
    """Seconds since the last beat, by the clock that stamps files: the hosts' own may differ, and jump.

    A beat from the future, of before that clock was set back, becomes one of now: its owner has a minute to beat again.
    """
    with tempfile.TemporaryFile(dir=file.parent) as probe:
        age = os.fstat(probe.fileno()).st_mtime - os.fstat(handle).st_mtime
    if age < -_SKEW_S:
        os.utime(file)
    return age


def _beat(file: Path, done: threading.Event) -> None:
    while not done.wait(HEARTBEAT_S):
        with contextlib.suppress(OSError):
            os.utime(file)
