"""What a run was measured on: hardware, versions, the commit of the code, and whether the machine was free."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from bench._version import __version__
from bench.records import Code, Environment

if TYPE_CHECKING:
    import torch

_PACKAGES = ("torch", "numpy", "scipy", "pandas", "timm", "torchvision")
_CONTENDED = 0.1  # share of the machine's CPU time that other processes took


def environment(device: torch.device) -> Environment:
    """This process's, torch included."""
    import torch

    accelerator = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return machine(accelerator, torch.get_num_threads())


def machine(accelerator: str | None = None, threads: int | None = None) -> Environment:
    """The same without asking torch, for what is said of a process that ended without a word."""
    cpu, cores = _cpu_name(), psutil.cpu_count(logical=False) or os.cpu_count() or 1
    return Environment(
        device=accelerator or "cpu",
        hardware_class=f"cuda-{accelerator}" if accelerator else f"cpu-{platform.machine()}-{cpu}-{cores}c",
        cpu=cpu,
        cores=cores,
        threads=threads or cores,
        ram_gib=round(psutil.virtual_memory().total / 2**30, 1),
        os=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        versions={name: found for name in _PACKAGES if (found := _version(name))},
    )


def code() -> Code:
    """Version and commit of the folder that the bench package lies in, wherever the command was typed."""
    folder = Path(__file__).resolve().parent
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", "..") if commit else None
    return Code(bench_version=__version__, commit=commit or None, dirty=None if changes is None else bool(changes))


class Contention:
    """Measures, between `start` and `busy`, the share of CPU time that went to other processes."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.start()

    def start(self) -> None:
        self._own, self._all, self._clock = self._used(), self._machine(), time.perf_counter()

    def busy(self) -> bool:
        """True if others took more than a tenth of the machine since `start`."""
        wall = time.perf_counter() - self._clock
        others = (self._machine() - self._all) - (self._used() - self._own)
        return wall > 0 and others / (wall * (psutil.cpu_count() or 1)) > _CONTENDED

    def _used(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    @staticmethod
    def _machine() -> float:
        times = psutil.cpu_times()
        return times.user + times.system + getattr(times, "nice", 0.0) + getattr(times, "steal", 0.0)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):  # no git here: the record says null
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
