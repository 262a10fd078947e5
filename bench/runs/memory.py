"""How much memory a cell's process takes, and whether the system ended it for that."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import psutil

MIB = 2**20
_LOOK_EVERY = 0.5  # seconds
_COUNTERS = ((Path("/sys/fs/cgroup/memory.events"), "oom_kill"), (Path("/proc/vmstat"), "oom_kill"))
_LIMIT = Path("/sys/fs/cgroup/memory.max")


class MemoryWatch:
    """The memory of one process, as often as somebody looks; where there is a limit, with what it started.

    limit_mib : what it may take, None for as much as there is
    peak_mib : the most that was seen
    """

    def __init__(self, pid: int | None, limit_mib: float | None) -> None:
        self.limit_mib, self.peak_mib = limit_mib, 0.0
        self._pid, self._looked, self._kills = pid, 0.0, _oom_kills()

    def exceeded(self) -> bool:
        """Look, unless that was a moment ago: does it take more than it may?"""
        if time.monotonic() - self._looked < _LOOK_EVERY:
            return False
        self._looked = time.monotonic()
        took = _of(self._pid) if self.limit_mib is None else _with_children(self._pid)  # the latter asks every process
        self.peak_mib = max(self.peak_mib, took / MIB)
        return self.limit_mib is not None and self.peak_mib > self.limit_mib

    def system_was_out(self) -> bool:
        """Has the kernel killed something for want of memory since the watch began?"""
        return _oom_kills() > self._kills


def machine_mib() -> float:
    """The memory that this process and its children may have together: the machine's, or their cgroup's."""
    total = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no cgroup, or "max"
        total = min(total, int(_LIMIT.read_text()))
    return total / MIB


def gib_text(mib: float) -> str:
    """
    >>> gib_text(1536)
    '1.5 GiB'
    """
    return f"{mib / 1024:.1f} GiB"


def _with_children(pid: int | None) -> int:
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return 0
    return _of(pid) + sum(_of(one.pid) for one in below)


def _of(pid: int | None) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _oom_kills() -> int:
    """How often the kernel has killed for memory, here or on the whole machine; 0 where it doesn't say."""
    found = 0
    for file, name in _COUNTERS:
        try:
            lines = file.read_text().splitlines()
        except OSError:
            continue
        found += sum(int(line.split()[1]) for line in lines if line.split()[0] == name)
    return found
