"""The other end of `processes.call`: a process in which learners' code runs."""

from __future__ import annotations

import contextlib
import json
import mmap
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import torch

from bench.errors import BenchError
from bench.runs import facts
from bench.runs.job import Job
from bench.runs.prepared_suite import prepare
from bench.runs.resolve import Question
from bench.runs.run import run

_TELL_EVERY = 0.1  # seconds between reports of progress


class Ctrl:
    """Whether a KeyboardInterrupt is a person's: the learner's code may raise one, too."""

    pressed = False

    @classmethod
    def press(cls, number: int, frame: FrameType | None) -> None:
        cls.pressed = True
        raise KeyboardInterrupt


class Reporter:
    """An observer at the far end of a pipe."""

    def __init__(self, sender: Connection) -> None:
        self._sender, self._pid, self._last = sender, os.getpid(), 0.0
        self._copies = mmap.mmap(-1, 1) if hasattr(os, "fork") else None  # shared with whatever the learner forks

    def tell(self, name: str, *values: Any) -> None:
        self.alone()
        self._sender.send_bytes(json.dumps([name, values]).encode())

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
        """Raises BenchError where the learner has forked the process and the copy came back, too, as it does here."""
        if os.getpid() != self._pid:
            if self._copies:
                self._copies[0] = 1
            os._exit(0)
        if self._copies and self._copies[0]:
            raise BenchError("the learner forked the process, and the copy returned into the harness: os.fork()")


def main(sender: Connection, task: str, argument: object, surroundings: dict[str, Any]) -> None:
    """Carry out a task, say how it ended, and end the process: nothing that a learner left at work can hold it up."""
    _settle(surroundings)
    reporter = Reporter(sender)
    try:
        last = "answer", _TASKS[task](argument, reporter)
    except BenchError as error:
        last = "refused", (type(error).__name__, error.message, error.fix)
    except KeyboardInterrupt:
        last = ("interrupted", None) if Ctrl.pressed else ("ended", "the learner's code raised KeyboardInterrupt")
    except SystemExit as leaving:
        last = "ended", f"the learner's code left the process: sys.exit({leaving.code!r})"
    except BaseException as error:
        traceback.print_exc()
        last = "ended", f"{type(error).__name__}: {error}"
    name, values = last
    if os.getpid() == reporter._pid:
        with contextlib.suppress(OSError):
            sender.send_bytes(json.dumps([name, values if name == "refused" else [values]]).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _settle(surroundings: dict[str, Any]) -> None:
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):  # a group of its own: Ctrl-C comes from the parent, once
            os.setsid()
    signal.signal(signal.SIGINT, Ctrl.press)
    os.environ.clear()
    os.environ.update(surroundings["environment"])
    os.chdir(surroundings["folder"])
    sys.path[:] = surroundings["path"]
    os.dup2(2, 1)  # what learners print must not get into tables or JSON
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), name="bench-parent", daemon=True).start()


def _die_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _answer(question: Question, reporter: Reporter) -> Any:
    found = facts.answer(question)
    reporter.alone()
    return asdict(found)


def _state(question: Question, reporter: Reporter) -> Any:
    return asdict(facts.suite_state(prepare(question.suite, torch.device("cpu"), question.data_dir)))


def _run(job: Job, reporter: Reporter) -> Any:
    found = run(job, reporter)
    return {
        "path": str(found.path),
        "record": found.record.model_dump(mode="json", by_alias=True) if found.record else None,
        "cached": found.cached,
        "stored": found.stored,
        "note": found.note,
    }


_TASKS: dict[str, Callable[[Any, Reporter], Any]] = {"answer": _answer, "state": _state, "run": _run}
