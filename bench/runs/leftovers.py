"""What a learner's code left behind when it was done: threads in its process, processes beside it."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures.thread import _threads_queues

import psutil

_ROUNDS = 5  # what is killed may just have started something


def threads_left(before: Collection[threading.Thread]) -> str | None:
    """Why a run whose learner left threads at work has failed, or None: what they do to the weights nobody knows.

    Daemons and the workers that a pool keeps for its next task don't count.
    """
    names = sorted(
        thread.name
        for thread in threading.enumerate()
        if thread not in before and not thread.daemon and thread not in _threads_queues
    )
    return f"the learner left {len(names)} thread(s) at work: {', '.join(names[:3])}" if names else None


def server_of(pid: int | None) -> int | None:
    """The process that a cell was forked from, None where that can't be said any more."""
    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return None


def lives(pid: int) -> bool:
    """Is it at work? A dead process that its parent has not asked for is still listed."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def kill_children(server: int | None, but: Collection[int]) -> None:
    """Kill a server's children other than the living cells, and all that these started, wherever that moved."""
    for _ in range(_ROUNDS):
        try:
            orphans = [child for child in psutil.Process(server).children() if child.pid not in but]
        except psutil.Error:
            return
        if not orphans:
            return
        doomed = [*orphans, *(below for orphan in orphans for below in _below(orphan))]
        for process in doomed:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(doomed, timeout=1)


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []
