"""How a worker is stopped: by a signal, by `bench cancel`, by the end of who started it. It saves and leaves."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType

from bench.runs.leftovers import lives
from bench.sweeps.plan import Plan

_LOOK_EVERY_S = 1.0
_TOGETHER_S = 3.0  # who stops a sweep may say it in several ways at once; what comes later is meant again
_SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP")  # of schedulers; shells have background jobs ignore the first


def stop_with(plan: Plan, driver: int | None) -> None:
    """From now on the process gets a KeyboardInterrupt when it is told to stop, or the process `driver` is gone."""
    told: list[float] = []

    def stop(number: int, frame: FrameType | None) -> None:
        told.append(time.monotonic())
        if len(told) == 1 or told[-1] - told[0] > _TOGETHER_S:
            raise KeyboardInterrupt

    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    threading.Thread(target=_watch, args=(plan, driver), name="bench-stopping", daemon=True).start()


def _watch(plan: Plan, driver: int | None) -> None:
    while not plan.cancelled and (driver is None or lives(driver)):
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGINT)
