"""One line on stderr while photos are embedded, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A callback (encoder, done, total); the line is wiped at the end."""
    live = sys.stderr.isatty()

    def tell(name: str, done: int, total: int) -> None:
        if live:
            sys.stderr.write(f"\r\x1b[Kfeatures {name}: {done:,} of {total:,} images")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if live:
            sys.stderr.write("\r\x1b[K")
