"""What `bench doctor` looks at. Only a deep look imports torch, which takes longer than everything else together."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Literal

_DRIVER = Path("/proc/driver/nvidia/version")
_PACKAGES = ("torch", "torchvision", "timm", "datasets", "pandas", "numpy", "scipy", "safetensors")


@dataclass(frozen=True)
class Finding:
    state: Literal["ok", "note", "broken"]
    check: str
    found: str
    fix: str = ""


def examine(data_dir: Path | None, deep: bool = False) -> list[Finding]:
    """Every check, in the order a person would want to read them. deep : ask torch what it can use"""
    device = _device() if deep else _hardware()
    return [_python(), *_packages(), device, _compiler(), _command(), _package_name(), *_data(data_dir)]


def _python() -> Finding:
    return Finding("ok", "python", f"{sys.version.split()[0]} at {sys.executable}")


def _packages() -> list[Finding]:
    findings = []
    for name in _PACKAGES:
        try:
            findings.append(Finding("ok", name, version(name)))
        except PackageNotFoundError:
            findings.append(Finding("broken", name, "not installed", f"pip install {name}"))
    return findings


def _hardware() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if not _DRIVER.exists():
        return Finding("ok", "device", f"{cores} CPU cores; no NVIDIA driver")
    return Finding("ok", "device", f"{cores} CPU cores and an NVIDIA driver", "bench doctor --deep: can torch use it?")


def _device() -> Finding:
    try:
        import torch
    except Exception as error:  # a broken binary raises whatever it likes
        return Finding("broken", "device", f"torch does not import: {error}", "reinstall torch")
    threads = torch.get_num_threads()
    if torch.cuda.is_available():
        return Finding("ok", "device", f"{torch.cuda.get_device_name()}, {threads} CPU threads")
    return Finding("ok", "device", f"CPU, {threads} threads; no CUDA device")


def _compiler() -> Finding:
    found = shutil.which("g++") or shutil.which("clang++")
    if found:
        return Finding("ok", "compiler", found)
    return Finding("note", "compiler", "none", "install g++, or use --strategy vmap where a recipe says compiled")


def _command() -> Finding:
    """Another package (frappe-bench) owns a command of the same name."""
    found = shutil.which("bench")
    own = Path(sys.executable).with_name("bench")
    if found is None:
        return Finding("note", "command", "`bench` is not on PATH", "activate the environment, or use python -m bench")
    if own.exists() and Path(found).resolve() != own.resolve():
        return Finding(
            "note", "command", f"`bench` is {found}, not this installation's", f"use {own} or python -m bench"
        )
    return Finding("ok", "command", found)


def _package_name() -> Finding:
    """The name `bench` belongs to another distribution, whose module would shadow this one."""
    spec = importlib.util.find_spec("bench")
    where = str(spec.origin) if spec else "not importable"
    try:
        distribution("bench")
    except PackageNotFoundError:
        return Finding("ok", "import name", where)
    return Finding(
        "broken", "import name", f"the distribution `bench` is installed too; {where}", "pip uninstall bench"
    )


def _data(data_dir: Path | None) -> list[Finding]:
    from bench.data import root, status

    place = str(root(data_dir))
    try:
        found = status(data_dir)
    except OSError as error:
        said = f"{error.filename or place}: {error.strerror or error}"
        return [Finding("broken", "data directory", said, "look at its permissions, or choose another with BENCH_DATA")]
    findings = [Finding("ok", "data directory", place)]
    for dataset in found:
        state: Literal["ok", "note", "broken"] = "broken" if dataset.state == "damaged" else "ok"
        if dataset.state == "absent":
            state = "note"
        fix = {"absent": f"bench data fetch {dataset.name}", "damaged": f"bench data verify {dataset.name}"}
        findings.append(Finding(state, f"data: {dataset.name}", dataset.state, fix.get(dataset.state, "")))
    return findings
