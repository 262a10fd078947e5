"""This machine: a process a core, or a GPU slot, each working on the sweep until nothing is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.errors import StoreError
from bench.sweeps.plan import Plan
from bench.sweeps.standing import Standing

_POLL_S = 0.2
_LAST_WORDS_S = 90.0  # for workers that leave
_IDLE_STARTS = 3  # workers in a row that end without having brought a cell to its end
_ASK_GPUS = ("nvidia-smi", "--query-gpu=index", "--format=csv,noheader")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class Local:
    """Runs a sweep's workers as processes of this machine.

    workers : how many, None for one a core, or one a GPU slot where there are GPUs
    a_gpu : workers that share a GPU
    arguments : what `bench work` is told besides the sweep
    """

    workers: int | None = None
    a_gpu: int = 1
    arguments: tuple[str, ...] = ()
    _running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, plan: Plan, look: Callable[[], None]) -> None:
        """Until every cell is over. `look` is called a few times a second.

        Raises KeyboardInterrupt when the workers have saved what they were at, StoreError where they can't work.
        """
        places, standing = slots(plan.device, self.workers, self.a_gpu), Standing(plan)
        idle, left = 0, -1
        try:
            while (cells := standing.open()) and not plan.cancelled:
                idle = idle if len(cells) == left else 0
                left = len(cells)
                for number, environment in enumerate(places[:left]):
                    if number not in self._running or self._running[number].poll() is not None:
                        idle += number in self._running
                        self._running[number] = self._start(plan, number, environment)
                if idle > _IDLE_STARTS * len(places):
                    raise StoreError(
                        f"{left} cells of {plan.name} are left, and workers end without having done one of them.",
                        f"fix: `bench status {plan.name}` has reasons, {plan.folder / 'logs'} what the workers said",
                    )
                look()
                time.sleep(_POLL_S)
                standing.again()
            self._leaving(look)
        finally:
            self._stop()
            look()

    def _start(self, plan: Plan, number: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        log = plan.folder / "logs" / f"worker-{number}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "bench", "work", str(plan.folder), "--stay", "--driver", str(os.getpid())]
        with log.open("ab") as out:
            return subprocess.Popen(
                [*command, *self.arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=os.environ | environment, start_new_session=True,
            )  # fmt: skip

    def _leaving(self, look: Callable[[], None]) -> None:
        """Workers know themselves that nothing is left, or that they are to stop: let them say it."""
        deadline = time.monotonic() + _LAST_WORDS_S
        while time.monotonic() < deadline and any(process.poll() is None for process in self._running.values()):
            look()
            time.sleep(_POLL_S)

    def _stop(self) -> None:
        """Interrupt those at work, and wait: each saves its training."""
        working = [process for process in self._running.values() if process.poll() is None]
        for process in working:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + _LAST_WORDS_S
        for process in working:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


def slots(device: str, workers: int | None = None, a_gpu: int = 1) -> list[dict[str, str]]:
    """What each worker's environment says: one thread, and its GPU, if there is one."""
    threads = one_thread()
    gpus = [] if device == "cpu" else visible_gpus()
    if not gpus:
        blind = {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
        return [threads | blind] * (workers or _cores())
    places = [threads | {"CUDA_VISIBLE_DEVICES": gpu} for _ in range(a_gpu) for gpu in gpus]
    return places[:workers]


def one_thread() -> dict[str, str]:
    """The environment of a worker: cells beside each other don't share cores."""
    return dict.fromkeys(_THREADS, "1")


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def visible_gpus() -> list[str]:
    """Names of GPUs as CUDA_VISIBLE_DEVICES has them; none where nvidia-smi is not there or says nothing."""
    if (named := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [name.strip() for name in named.split(",") if name.strip() and name.strip() != "-1"]
    if not shutil.which("nvidia-smi"):
        return []
    try:
        done = subprocess.run(_ASK_GPUS, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.split() if done.returncode == 0 else []
