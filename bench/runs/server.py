"""Loaded by the server that cells are forked from, and by nothing else.

What a dead cell leaves running becomes the server's child instead of the system's, also where it began a session of its
own, so that `bench.runs.leftovers` finds it. Linux only.
"""

from __future__ import annotations

import ctypes
import sys
import warnings

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def _say(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """One line: what the end of the server means is told by who asks it for a process."""
    sys.stderr.write(f"the server of processes ended: {kind.__name__} {error}\n")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents die."""
    warnings.filterwarnings("ignore", "forkserver: waitpid")  # it is told of children that it did not fork
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if sys.argv[:1] == ["-c"] and sys.platform == "linux":  # how multiprocessing starts it
    sys.excepthook = _say
    adopt_orphans()
