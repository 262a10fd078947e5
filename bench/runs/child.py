"""The other end of `processes.call`: a process in which learners' code runs."""

from __future__ import annotations

import contextlib
import json
import mmap
import multiprocessing
import os
import pkgutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import torch

from bench.errors import BenchError, shorten
from bench.runs import facts
from bench.runs.failure import MUTE, Failure
from bench.runs.job import Job
from bench.runs.leftovers import lives
from bench.runs.prepared_suite import prepare
from bench.runs.resolve import Question
from bench.runs.run import run

_TELL_EVERY = 0.1  # seconds between reports of progress
_STEP_S = 5.0  # for the step that Ctrl-C meets, before it is cut short
_encoded = json.JSONEncoder().encode  # kept, for learners' code may change the module


class Ctrl:
    """Ctrl-C, of a person or a scheduler: the training leaves after its step and saves, or is left where it hangs.

    Also tells whether a KeyboardInterrupt is theirs: the learner's code may raise one, too.
    """

    pressed = False

    @classmethod
    def press(cls, number: int, frame: FrameType | None) -> None:
        again, cls.pressed = cls.pressed, True
        if again or number != signal.SIGINT or not hasattr(signal, "setitimer"):
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, _STEP_S)

    @staticmethod
    def be_heard() -> NoReturn:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        raise KeyboardInterrupt


class Reporter:
    """An observer at the far end of a pipe."""

    def __init__(self, sender: Connection) -> None:
        self._sender, self._pid, self._last = sender, os.getpid(), 0.0
        self._copies = mmap.mmap(-1, 1) if hasattr(os, "fork") else None  # shared with whatever the learner forks

    def tell(self, name: str, *values: Any) -> None:
        self.alone()
        self._send(name, values)

    def _send(self, name: str, values: tuple[Any, ...]) -> None:
        try:
            self._sender.send_bytes(_encoded([name, values]).encode())
        except OSError:  # the parent is dead, or the learner closed the pipe: nothing that is done here counts any more
            os._exit(MUTE)

    def phase(self, name: str, total: int, done: int = 0) -> None:
        self.tell("phase", name, total, done)

    def training(self, step: int, loss: float | None, validation: float | None, episodes_per_s: float) -> None:
        self.tell("training", step, loss, validation, episodes_per_s)

    def advance(self, done: int) -> None:
        now = time.monotonic()
        if now - self._last > _TELL_EVERY:
            self._last = now
            self.tell("advance", done)

    def note(self, text: str) -> None:
        self.tell("note", text)

    def alone(self) -> None:
        """Raises BenchError where the learner has forked the process and the copy came back, too, as it does here.

        KeyboardInterrupt where a person's did not get through, for it struck where exceptions are dropped.
        """
        if Ctrl.pressed:
            Ctrl.be_heard()
        if os.getpid() != self._pid:
            if self._copies:
                self._copies[0] = 1
            os._exit(0)
        if self._copies and self._copies[0]:
            raise BenchError("the learner forked the process, and the copy returned into the harness: os.fork()")

    def end(self, name: str, *values: Any) -> None:
        """Say how it ended, and end: nothing that a learner left at work, or closed, can hold that up."""
        if os.getpid() == self._pid:
            self._send(name, values)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(0)


def main(sender: Connection, task: str, argument: object, surroundings: dict[str, Any]) -> None:
    """Carry out a task and end the process.

    task : one of `_TASKS`, or package.module:function of a layer above this one
    """
    _settle(surroundings)
    reporter = Reporter(sender)
    try:
        carry_out = _TASKS.get(task) or pkgutil.resolve_name(task)
        reporter.end("answer", carry_out(argument, reporter))
    except BenchError as error:
        reporter.end("refused", type(error).__name__, shorten(error.message), shorten(error.fix))
    except BaseException as error:
        if Ctrl.pressed:
            reporter.end("interrupted")
        failure = Failure.of(error)
        reporter.end("ended", failure.reason, failure.kind, failure.traceback)


def _settle(surroundings: dict[str, Any]) -> None:
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):  # a group of its own: Ctrl-C comes from the parent, once
            os.setsid()
    signal.signal(signal.SIGINT, Ctrl.press)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, Ctrl.press)
    os.environ.clear()
    os.environ.update(surroundings["environment"])
    os.chdir(surroundings["folder"])
    if data := os.environ.get("BENCH_DATA"):
        os.environ["BENCH_DATA"] = str(Path(data).absolute())  # learners' code may change the folder
    sys.path[:] = [place or surroundings["folder"] for place in surroundings["path"]]
    with contextlib.suppress(OSError):
        os.dup2(2, 1)  # what learners print must not get into tables or JSON
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), name="bench-parent", daemon=True).start()


def _die_with(parent: Any) -> None:
    with contextlib.suppress(OSError):
        parent.join()
    if lives(parent.pid):  # the learner's code closed what tells us
        return
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)  # with all that the learner started
    os._exit(1)


def _answer(question: Question, reporter: Reporter) -> Any:
    found = facts.answer(question.anchored())
    reporter.alone()
    return asdict(found)


def _state(question: Question, reporter: Reporter) -> Any:
    return asdict(facts.suite_state(prepare(question.suite, torch.device("cpu"), question.data_dir)))


def _run(job: Job, reporter: Reporter) -> Any:
    found = run(job.anchored(), reporter)
    return {
        "record": found.record.model_dump(mode="json", by_alias=True) if found.record else None,
        "cached": found.cached,
        "stored": found.stored,
        "note": found.note,
    }


_TASKS: dict[str, Callable[[Any, Reporter], Any]] = {"answer": _answer, "state": _state, "run": _run}
