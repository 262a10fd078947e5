"""What the surroundings do to a command's output: streams that are closed or full, letters that an encoding lacks."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from typing import TextIO

_ERRORS = "bench.plain"
_LETTERS = str.maketrans(
    {
        "\N{PLUS-MINUS SIGN}": "+-",
        "\N{MINUS SIGN}": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{EN DASH}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{LESS-THAN OR EQUAL TO}": "<=",
        "\N{GREATER-THAN OR EQUAL TO}": ">=",
    }
)


def prepare() -> None:
    """Let every stream take whatever text comes, and be there. Once, before anything is opened or printed."""
    _fill_descriptors()
    codecs.register_error(_ERRORS, _plain)
    for name, kept in (("stdout", "strict"), ("stderr", "backslashreplace")):
        stream = getattr(sys, name)
        if stream is None:  # Python's word for a descriptor that was closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper) and stream.errors == kept:  # else somebody's own choice
            stream.reconfigure(errors=_ERRORS)


def finish(code: int) -> int:
    """Write what waits in the buffers; `code`, or 1 where standard output refuses, which is said.

    A reader that went away, like `head`, has seen enough: that is nobody's mistake.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        say(f"error: standard output can't be written: {error.strerror or error}.")
        code = code or 1
    with contextlib.suppress(OSError):
        sys.stderr.flush()
        return code
    _discard(sys.stderr)
    return code


def say(text: str) -> None:
    """A line on standard error, where that still takes one."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{text}\n")


def _fill_descriptors() -> None:
    """Of a closed standard descriptor the number would go to the next file that is opened, and prints with it."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(handle, True)
    os.close(handle)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """A codec's error handler: the nearest plain letters, else a question mark each."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_LETTERS)
    return "".join(letter if letter.isascii() else "?" for letter in text), error.end


def _discard(stream: TextIO) -> None:
    """What waits in the stream can't be written: else the interpreter would try again while it ends, and complain."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
