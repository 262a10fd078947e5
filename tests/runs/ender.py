"""A learner that ends, or spoils, its process: in the way ENDER_WAY at the moment ENDER_MOMENT (no part of its key)."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time

import torch
from torch import Tensor, nn

import bench

ENORMOUS = 50_000_000


class Beyond(BaseException):
    """No Exception."""


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def _raise(error: BaseException) -> None:
    raise error


def _deeper(n: int = 0) -> int:
    return _deeper(n + 1) + 1


def _print_megabytes() -> None:
    for _ in range(40):
        print("x" * 50_000)
    os.write(1, b"raw\n")


def _silence() -> None:
    sys.stdout.close()
    sys.stderr.close()
    os.close(1)
    os.close(2)


def _patch_json() -> None:
    json.dumps = lambda *_, **__: "{}"


def _patch_torch() -> None:
    torch.optim.Adam = None  # type: ignore[assignment, misc]


def _scribble() -> None:
    for fd in range(3, 100):
        try:
            os.write(fd, b"\0\0\0\5{{{{{")
        except OSError:
            continue
    time.sleep(3)  # else the rest could be done before anybody heard


def _sleep_in_thread(daemon: bool) -> None:
    threading.Thread(target=time.sleep, args=(600,), name="sleeper", daemon=daemon).start()


def _start(session: bool) -> None:
    subprocess.Popen(["sleep", "600"], start_new_session=session)


def _daemonise() -> None:
    """Fork twice, in a session of its own: the copy never returns."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)


def _copy_that_stays() -> None:
    if os.fork() == 0:
        time.sleep(600)


WAYS = {
    "sys.exit": lambda: sys.exit(0),
    "sys.exit text": lambda: sys.exit("enough"),
    "os._exit 0": lambda: os._exit(0),
    "os._exit 3": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segv": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "SystemExit": lambda: _raise(SystemExit),
    "KeyboardInterrupt": lambda: _raise(KeyboardInterrupt),
    "BaseException": lambda: _raise(Beyond("far beyond")),
    "RuntimeError": lambda: _raise(RuntimeError("no more ideas")),
    "MemoryError": lambda: _raise(MemoryError()),
    "recursion": _deeper,
    "wordless": lambda: _raise(Wordless()),
    "enormous": lambda: _raise(RuntimeError("e" * ENORMOUS)),
    "control": lambda: _raise(RuntimeError("\x1b[2J\udc80\0 red")),
    "UsageError": lambda: _raise(bench.UsageError("wrong width", "use another")),
    "close": lambda: os.closerange(0, 256),
    "scribble": _scribble,
    "json": _patch_json,
    "torch": _patch_torch,
    "fork": os.fork,
    "thread": lambda: _sleep_in_thread(daemon=False),
    "hang": lambda: time.sleep(600),
    "daemon thread": lambda: _sleep_in_thread(daemon=True),
    "subprocess": lambda: _start(session=False),
    "session": lambda: _start(session=True),
    "daemonise": _daemonise,
    "sleeping copy": _copy_that_stays,
    "chdir": lambda: os.chdir("/"),
    "dtype": lambda: torch.set_default_dtype(torch.float64),
    "grad": lambda: torch.set_grad_enabled(False),
    "silence": _silence,
    "print": _print_megabytes,
    "signals": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    "nothing": lambda: None,
}
_done: set[str] = set()


def moment(name: str) -> None:
    """Once a process: do it."""
    if name == os.environ.get("ENDER_MOMENT") and name not in _done:
        _done.add(name)
        WAYS[os.environ["ENDER_WAY"]]()


moment("import")


class Ender(bench.Learner):
    """A constant and its spread."""

    family = "model"

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        super().__init__(task, options)
        self.mean = nn.Parameter(torch.zeros((), dtype=torch.float32))
        moment("constructor")

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        moment("skip")
        return None

    def configure_optimizer(self, steps: int) -> torch.optim.Optimizer | None:
        moment("configure_optimizer")
        return None

    def train_step(self, episodes: bench.Episodes) -> Tensor:
        moment("train_step")
        return super().train_step(episodes)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        moment("predict")
        return bench.Gaussian(self.mean + 0 * query_x, torch.ones_like(query_x))
