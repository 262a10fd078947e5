"""A Ray cluster, seen from the command: Ray decides where cells are carried out, the store what is left to do.

Ray lives in a process of its own: when the cluster's head is gone, its library waits a minute and ends the process. So
the command watches the head itself, and what Ray says goes into a log.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import errors
from bench.errors import ClusterLost, UsageError
from bench.sweeps.plan import Plan

_POLL_S = 0.3
_SILENT_S = 10.0
_LAST_WORDS_S = 60.0


def run_on_ray(
    plan: Plan, look: Callable[[], None], address: str | None, workers: int | None, a_gpu: int, data_dir: Path | None
) -> None:
    """Until every cell is over. `look` is called a few times a second.

    address : of a running cluster, None to start one on this machine with `workers` processors
    a_gpu : cells that share a GPU

    Raises UsageError without Ray, ClusterLost without a cluster, StoreError where cells can't be brought to an end.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("--engine ray needs Ray, which is not installed.", "pip install 'meta-bench[ray]'")
    log = plan.folder / "logs" / "ray.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    told = json.dumps([str(plan.folder), address, workers, a_gpu, str(data_dir.absolute()) if data_dir else ""])
    command = [sys.executable, "-m", "bench.sweeps.engines.ray_driver", told]
    with log.open("ab") as said:
        driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True)
    assert driver.stdout
    try:
        first = driver.stdout.readline()  # the head's address, or an error
        head = Head(first.strip()) if ":" in first and not first.startswith("[") else None
        while head and driver.poll() is None:
            look()
            time.sleep(_POLL_S)
            if not head.answers():
                driver.kill()  # it has nobody to say its last words to
                raise ClusterLost(
                    f"The Ray cluster is gone: nobody answers at {first.strip()}.",
                    f"Finished cells are kept; `{plan.command}` goes on.",
                )
        last = first if not head else (driver.stdout.read().splitlines() or [""])[-1]
        if driver.wait() != 0:
            raise _error(last, log)
    finally:
        _end(driver)
        look()


class Head:
    """Whether a cluster's head is there. `address` is host:port."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._place, self._heard = (host.strip("[]"), int(port)), time.monotonic()

    def answers(self) -> bool:
        """False when it has been silent for some seconds."""
        with contextlib.suppress(OSError):
            socket.create_connection(self._place, timeout=_SILENT_S).close()
            self._heard = time.monotonic()
        return time.monotonic() - self._heard < _SILENT_S


def _error(line: str, log: Path) -> errors.BenchError:
    try:
        kind, message, fix = json.loads(line)
        error: errors.BenchError = getattr(errors, kind)(message, fix)
    except (ValueError, TypeError, AttributeError):  # Ray ended the process
        return ClusterLost("Ray ended the process that drives the sweep.", f"fix: {log} has what it said")
    return error


def _end(driver: subprocess.Popen[str]) -> None:
    """Interrupt it and wait: its workers save what they are at."""
    if driver.poll() is None:
        driver.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            driver.wait(_LAST_WORDS_S)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(driver.pid, signal.SIGKILL)
