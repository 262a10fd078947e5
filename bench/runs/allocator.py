"""Keep big buffers in the process: glibc otherwise returns them to the kernel after every operation.

Page faults then dominate convolutions on CPUs (docs/performance.md has the measured ratios). Raising the thresholds has
to happen before the first large allocation and affects this process only; elsewhere than on glibc it does nothing.
"""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_GIB = 1 << 30


def keep_memory() -> bool:
    """Raise glibc's mmap, trim and top-pad thresholds. Returns whether it was done."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # musl and others have no mallopt
        return False
    done = mallopt(_M_MMAP_THRESHOLD, _GIB) and mallopt(_M_TRIM_THRESHOLD, 2 * _GIB - 1)
    return bool(done and mallopt(_M_TOP_PAD, 64 << 20))
