"""Learners' code runs in processes of its own, one for each question and each cell: what ends one ends nothing else.

They are forked from a server that has imported torch and nothing of any learner's, so that a new one costs hundredths
of a second and finds everything as it was: default dtype, gradients, working directory, modules, memory. Where there is
no such server (Windows, macOS) each one starts anew. What a process says goes through a pipe as JSON: the parent never
unpickles what learners' code could have written.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bench import errors
from bench.runs.failure import MUTE, Ended, Failure
from bench.runs.leftovers import kill_children, server_of
from bench.runs.memory import MemoryWatch, gib_text

_PRELOADED = ["bench.runs.server", "bench.runs.child", "bench.cli.app"]
_LAST_WORDS_S = 60.0  # after Ctrl-C, to write an `interrupted` record
_LEAVING_S = 0.2
_GONE_S = 5.0
_NO_PROCESS = "Is there enough memory (`ulimit -a`, limits of a container)? `bench doctor` looks at the installation."
_LONGEST = 1 << 26  # bytes of a message
_LOOK_UP_S = 1.0  # at the process itself, when it says nothing

_FROM_OUTSIDE = {signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM), getattr(signal, "SIGHUP", signal.SIGTERM)}

_LAST = ("answer", "refused", "interrupted", "ended")  # messages that end a conversation

OnEvent = Callable[[str, list[Any]], None]


def call(
    task: str,
    argument: object,
    on_event: OnEvent = lambda name, values: None,
    timeout: float | None = None,
    memory_mib: float | None = None,
) -> Any:
    """What `bench.runs.child` answers to a task, as plain JSON values.

    argument : picklable
    on_event : called with what the process tells meanwhile
    timeout : seconds after which the process is ended
    memory_mib : how much it may take before it is ended

    Raises BenchError as it was raised there, Ended where the process ended otherwise, KeyboardInterrupt after Ctrl-C
    when the process has said its last words.
    """
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    surroundings = {"environment": dict(os.environ), "folder": str(Path.cwd()), "path": list(sys.path)}
    process = context.Process(target=_begin, args=(sender, task, argument, surroundings))  # type: ignore[attr-defined]
    try:
        process.start()
    except (EOFError, OSError) as error:  # the server is dead, or can't fork
        raise errors.BenchError(
            f"A process for learners can't be made: {errors.describe(error)}.", _NO_PROCESS
        ) from None
    server = server_of(process.pid) if sys.platform == "linux" else None
    sender.close()
    try:
        answer = _conversation(process, receiver, on_event, timeout, MemoryWatch(process.pid, memory_mib))
        process.join(_LEAVING_S)
        return answer
    finally:
        _end(process, server)
        receiver.close()


def _begin(sender: Connection, task: str, argument: object, surroundings: dict[str, Any]) -> None:
    try:
        from bench.runs.child import main
    except Exception as error:
        words = ["BenchError", f"A process for learners can't be made: {errors.describe(error)}.", _NO_PROCESS]
        sender.send_bytes(json.dumps(["refused", words]).encode())
        os._exit(1)
    main(sender, task, argument, surroundings)


def _context() -> BaseContext:
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _conversation(
    process: BaseProcess, receiver: Connection, on_event: OnEvent, timeout: float | None, memory: MemoryWatch
) -> Any:
    deadline = None if timeout is None else time.monotonic() + timeout
    interrupted = False
    while True:
        try:
            name, values = _message(process, receiver, deadline, memory)
            if name not in _LAST:
                on_event(name, values)
                continue
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted, deadline = True, time.monotonic() + _LAST_WORDS_S
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid or 0, signal.SIGINT)
            continue
        except TimeoutError:
            if interrupted:
                raise KeyboardInterrupt from None
            raise Ended(Failure(f"stopped after {timeout:g} s (--timeout)", "timeout")) from None
        except Ended:
            if interrupted:
                raise KeyboardInterrupt from None
            raise
        match name, values:
            case "answer", [value]:
                return value
            case "refused", [kind, message, fix]:
                raise _error(kind, message, fix)
            case "interrupted", _:
                raise KeyboardInterrupt
            case _, [reason, kind, traceback]:
                raise Ended(Failure(reason, kind, traceback))


def _message(
    process: BaseProcess, receiver: Connection, deadline: float | None, memory: MemoryWatch
) -> tuple[str, list[Any]]:
    """The next one. Raises TimeoutError after the deadline, Ended where no more can come."""
    ready: list[Any] = []
    while not ready:
        left = _LOOK_UP_S if deadline is None else min(_LOOK_UP_S, max(0.0, deadline - time.monotonic()))
        ready = wait([receiver, process.sentinel], left)
        if memory.exceeded():
            allowed = gib_text(memory.limit_mib or 0)
            reason = f"out of memory: it took {gib_text(memory.peak_mib)} of {allowed} allowed"
            raise Ended(Failure(reason, "memory", peak_mib=memory.peak_mib))
        if not ready and deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError
    if receiver not in ready and not receiver.poll():  # dead, and all it said was heard
        raise Ended(_cause(process, memory))
    try:
        name, values = json.loads(receiver.recv_bytes(_LONGEST))
        return str(name), list(values)
    except (EOFError, OSError):
        process.join(_GONE_S)
        raise Ended(_cause(process, memory)) from None
    except (ValueError, TypeError):
        raise Ended(Failure("the learner's code wrote into the pipe through which its process reports")) from None


def _error(kind: str, message: str, fix: str) -> errors.BenchError:
    found = getattr(errors, kind, None)
    known = isinstance(found, type) and issubclass(found, errors.BenchError)
    error: errors.BenchError = (found if known else errors.BenchError)(message, fix)  # type: ignore[misc]
    return error


def _cause(process: BaseProcess, memory: MemoryWatch) -> Failure:
    code = process.exitcode
    if code in (None, MUTE):
        return Failure("the learner's code closed the pipe through which its process reports")
    if code >= 0:
        return Failure(f"the learner's code ended the process (exit code {code})")
    if -code == signal.SIGKILL and memory.system_was_out():
        reason = f"out of memory: the system killed the process at {gib_text(memory.peak_mib)}"
        return Failure(reason, "memory", peak_mib=memory.peak_mib)
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    why = ": out of memory, or killed by somebody" if -code == signal.SIGKILL else ""
    return Failure(f"the process was ended by {name}{why}", "lost" if -code in _FROM_OUTSIDE else "learner")


def _end(process: BaseProcess, server: int | None) -> None:
    """End the process and everything that it started."""
    if process.pid is not None:
        for end in (os.killpg, os.kill) if hasattr(os, "killpg") else (os.kill,):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.join(_GONE_S)
    if server is not None:
        kill_children(server, [other.pid for other in multiprocessing.active_children() if other.pid])
