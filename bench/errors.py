"""Errors a person can act on: what was expected, what was found, what to do.

Every foreseeable mistake is a `BenchError`; the CLI prints it on one screen and exits with its code.
Anything else that escapes is a bug in bench and keeps its traceback.
"""

from __future__ import annotations

import difflib
import os
import sysconfig
import textwrap
import traceback
from collections.abc import Iterable
from pathlib import Path

_FRAME = '  File "'
_OTHERS = (f"{Path(__file__).parent}{os.sep}", sysconfig.get_path("stdlib"), "<")


class BenchError(Exception):
    """A failure with a cause and a remedy.

    Parameters
    ----------
    message : what was expected and what was found, in one or two sentences.
    fix : what to do about it, usually a command; shown on its own line.
    """

    exit_code = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n{self.fix}" if self.fix else self.message


class UsageError(BenchError):
    """The request itself is wrong: unknown name, bad option, malformed file (exit 2)."""

    exit_code = 2


class DataMissing(BenchError):
    """A suite's images are not on this machine (exit 1)."""


class DataInvalid(BenchError):
    """Images or an archive are there but corrupt, truncated, hostile or not what was pinned (exit 1)."""


class StoreError(BenchError):
    """Records can't be written or read: read-only, full disk, damaged files (exit 1)."""


class ClusterLost(BenchError):
    """The cluster that carries out a sweep is gone, or was never there (exit 1)."""


class Mismatch(BenchError):
    """A hash or a score is not what was published (exit 3)."""

    exit_code = 3


class Stale(BenchError):
    """A generated page is out of date or incomplete (exit 4)."""

    exit_code = 4


def describe(error: BaseException) -> str:
    """An exception that others' code raised, as a reason: its type and its text, however long or odd that is.

    >>> describe(ValueError("no more ideas")), describe(MemoryError())
    ('ValueError: no more ideas', 'MemoryError')
    """
    try:
        text = error.message if isinstance(error, BenchError) else str(error)
    except BaseException as trouble:
        text = f"(its text can't be had: {type(trouble).__name__})"
    return shorten(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def traceback_of(error: BaseException) -> str:
    """The traceback of an exception that others' code raised, its middle left out where it is long."""
    return shorten("".join(traceback.format_exception(error, limit=-30)), 8000)


def authors_frames(trace: str | None, most: int = 4) -> str:
    """Of a traceback's text the last frames in files that are neither bench's nor installed; "" where there is none.

    What an author looks for first. Chained exceptions are one after the other, the one that counts last.
    """
    frames: list[list[str]] = []
    for line in (trace or "").splitlines():
        if line.startswith(_FRAME):
            frames.append([line])
        elif frames and line.startswith("    "):
            frames[-1].append(line)
    own = [frame for frame in frames if not frame[0].removeprefix(_FRAME).startswith(_OTHERS)]
    own = [frame for frame in own if "site-packages" not in frame[0]]
    return "\n".join(line for frame in own[-most:] for line in frame)


def failure_texts(traces: Iterable[str | None], whole: bool) -> list[str]:
    """Where learners' code failed, for a terminal, each place once: all frames or the author's alone."""
    texts = ((trace or "").strip("\n") if whole else authors_frames(trace) for trace in traces)
    return list(dict.fromkeys(filter(None, texts)))


def shorten(text: str, length: int = 1000) -> str:
    """A text for a record and a terminal: the middle left out where it is longer than `length`, no control characters.

    >>> shorten("red \\x1b[31m"), shorten("0123456789" * 20, 60)
    ('red \\\\x1b[31m', '012345678901234567890123456789 [160 left out] 0123456789')
    """
    if len(text) > length:
        tail = length // 6
        text = f"{text[: length // 2]} [{len(text) - length // 2 - tail:,} left out] {text[-tail:]}"
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not registered, with the nearest ones.

    >>> print(unknown_name("algo", "relnt", ["maml", "relnet"]))
    Unknown algo 'relnt'. Did you mean 'relnet'?
    Known: maml, relnet
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    remedy = textwrap.fill(
        f"Known: {', '.join(names) or '(none)'}", 98, subsequent_indent=" " * 7, break_long_words=False
    )
    return UsageError(f"Unknown {kind} {name!r}.{hint}", remedy)
