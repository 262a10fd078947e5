"""Loaded by the server that cells are forked from, and by nothing else.

OpenBLAS asks the system for its buffers until it gets them: where memory is limited, a library that is loaded late, or
computes for the first time late, may never return. So NumPy's and SciPy's have theirs before there is a cell.

What a dead cell leaves running becomes the server's child instead of the system's, also where it began a session of its
own, so that `bench.runs.leftovers` finds it. Linux only.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import warnings

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_BLAS_BYTES = (256 + 64 * (os.cpu_count() or 1)) << 20  # both libraries took 190 MiB with one thread, 270 with two


def _say(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """One line: what the end of the server means is told by who asks it for a process."""
    sys.stderr.write(f"the server of processes ended: {kind.__name__} {error}\n")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents die."""
    warnings.filterwarnings("ignore", "forkserver: waitpid")  # it is told of children that it did not fork
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def load_blas() -> None:
    """Raises OSError where there is no room for the libraries and their buffers."""
    mmap.mmap(-1, _BLAS_BYTES).close()
    import numpy as np
    import scipy.linalg.blas
    import scipy.special  # what intervals need

    square = np.ones((64, 64))
    square @ square
    scipy.linalg.blas.dgemm(1.0, square, square)


if sys.argv[:1] == ["-c"] and sys.platform == "linux":  # how multiprocessing starts it
    sys.excepthook = _say
    adopt_orphans()
    load_blas()
