"""Type every verb of `bench` in surroundings that are not as they should be; a process of its own for each.

`type_all` starts this file once. It forks for each command, so that a command costs
hundredths of a second and still ends as a process ends, with all that the interpreter does last.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_LIMIT_S = 120
_PRELOADED = ("bench.cli.app", "bench.boards", "bench.runs.many", "bench.runs.resolve", "pandas", "rich.table")
_SETPRIV = shutil.which("setpriv")
ROOT = hasattr(os, "getuid") and os.getuid() == 0
# What lets root write where nobody may. Without them it is held to permissions, as everybody else is.
_POWERS = ["--bounding-set=-dac_override,-dac_read_search,-fowner"] if ROOT else []
DENIED = [_SETPRIV, *_POWERS] if ROOT and _SETPRIV else []


@dataclass(frozen=True)
class Ended:
    """What a person sees of a command, as bytes, and its exit code (negative: a signal)."""

    code: int
    out: bytes
    err: bytes


def type_all(
    commands: list[list[str]], folder: Path, surroundings: list[str], denied: bool = False, **environment: str
) -> dict[str, list[Ended]]:
    """How each command ends in `folder`, by name of the surrounding (SURROUNDINGS).

    denied : a superuser is held to the permissions of files
    environment : of the process that forks
    """
    done = subprocess.run(
        [*(DENIED if denied else []), sys.executable, "-m", "tests.faults.verbs", *surroundings],
        input=json.dumps(commands).encode(),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr.decode())
    return {
        name: [Ended(code, bytes.fromhex(out), bytes.fromhex(err)) for code, out, err in ended]
        for name, ended in json.loads(done.stdout).items()
    }


# --- below: in the process that forks, and in those that it forks -------------------------------------------------


def _pour_into(device: str, *descriptors: int) -> None:
    handle = os.open(device, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(handle, descriptor)


def _close(name: str, descriptor: int) -> None:
    os.close(descriptor)
    setattr(sys, name, None)  # what Python finds when it starts so


def _close_both() -> None:
    _close("stdout", 1)
    _close("stderr", 2)


def _nobody_reads(descriptor: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, descriptor)


def _lose_folder() -> None:
    lost = Path(f"lost-{os.getpid()}")
    lost.mkdir()
    os.chdir(lost)
    Path("..", lost).rmdir()


def _encode(encoding: str) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding=encoding)  # type: ignore[union-attr]


def _without(*names: str, **changed: str) -> None:
    for name in names:
        os.environ.pop(name, None)
    os.environ.update(changed)


_OWN_PLACES = ("HOME", "BENCH_DATA", "XDG_CACHE_HOME")
SURROUNDINGS: dict[str, Callable[[], None]] = {
    "quiet": lambda: None,
    "stdout full": lambda: _pour_into("/dev/full", 1),
    "stdout closed": lambda: _close("stdout", 1),
    "stdout unread": lambda: _nobody_reads(1),
    "stderr closed": lambda: _close("stderr", 2),
    "stderr full": lambda: _pour_into("/dev/full", 2),
    "both closed": _close_both,
    "folder gone": _lose_folder,
    "ascii": lambda: _encode("ascii"),
    "latin-1": lambda: _encode("latin-1"),
    "narrow": lambda: _without(COLUMNS="20"),
    "no HOME": lambda: _without(*_OWN_PLACES),
    "HOME nowhere": lambda: _without(*_OWN_PLACES, HOME="/nowhere/at/all"),
    "TMPDIR nowhere": lambda: _without(TMPDIR="/nowhere/at/all"),
    "notebook": lambda: _without(MPLBACKEND="module://matplotlib_inline.backend_inline"),
}


def _type(words: list[str], surrounding: str, out: int, err: int) -> int:
    """Fork, and come back in the parent with the exit code; in the child, never."""
    pid = os.fork()
    if pid == 0:
        os.dup2(out, 1)
        os.dup2(err, 2)
        SURROUNDINGS[surrounding]()
        sys.argv = ["bench", *words]
        from bench.cli.app import main

        main()  # ends with SystemExit: the interpreter winds up as it does behind `bench`
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, 9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _main(surroundings: list[str]) -> None:
    for module in _PRELOADED:
        importlib.import_module(module)
    gc.freeze()  # else every process walks over all of that while it ends
    answer = os.fdopen(os.dup(1), "w")
    commands: list[list[str]] = json.load(sys.stdin)
    ended: dict[str, list[tuple[int, str, str]]] = {}
    for surrounding in surroundings:
        ended[surrounding] = []
        for words in commands:
            with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                code = _type(words, surrounding, out.fileno(), err.fileno())
                out.seek(0)
                err.seek(0)
                ended[surrounding].append((code, out.read().hex(), err.read().hex()))
    with answer:
        json.dump(ended, answer)


if __name__ == "__main__":
    _main(sys.argv[1:])
