"""What a run says about the machine and the code, and how it notices that the machine was busy."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from bench._version import __version__
from bench.runs import environment as environment_module
from bench.runs.environment import Contention, code, environment


def test_the_environment_of_a_cpu_run() -> None:
    found = environment(torch.device("cpu"))
    assert found.device == "cpu" and found.hardware_class.startswith("cpu-") and found.hardware_class.endswith("c")
    assert found.cpu in found.hardware_class and found.cores >= 1 and found.ram_gib > 0.1
    assert found.threads == torch.get_num_threads()
    assert found.versions["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert "numpy" in found.versions and "nonsense" not in found.versions


def test_the_commit_is_that_of_the_package_not_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = code()
    assert here.bench_version == __version__
    monkeypatch.chdir(tmp_path)
    assert code() == here
    monkeypatch.setenv("PATH", str(tmp_path))  # no git on this machine
    without = code()
    assert without.commit is None and without.dirty is None


def test_a_dirty_checkout_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "bench" / "runs"
    package.mkdir(parents=True)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (package / "file").write_text("1")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        if subprocess.run([*git, *arguments], check=False).returncode:
            pytest.skip("git is not there")
    monkeypatch.setattr(environment_module, "__file__", str(package / "environment.py"))
    clean = code()
    assert clean.commit is not None and len(clean.commit) == 40 and clean.dirty is False
    (package / "file").write_text("2")
    assert code().dirty is True


@pytest.mark.parametrize(
    ("others", "own", "busy"),
    [(0.0, 4.0, False), (0.3, 1.0, False), (0.5, 0.0, True), (4.0, 4.0, True), (-0.1, 1.0, False)],
)
def test_contention_is_the_share_of_other_processes(
    monkeypatch: pytest.MonkeyPatch, others: float, own: float, busy: bool
) -> None:
    """Two seconds on two CPUs: others may take 0.4 s of processor time, whatever this process takes."""
    clock = {"wall": 100.0, "own": 7.0, "all": 50.0}
    process = SimpleNamespace(cpu_times=lambda: SimpleNamespace(user=clock["own"] - 1, system=1.0))
    monkeypatch.setattr(psutil, "Process", lambda: process)
    monkeypatch.setattr(psutil, "cpu_count", lambda: 2)
    monkeypatch.setattr(
        psutil, "cpu_times", lambda: SimpleNamespace(user=clock["all"] - 3, system=1.0, nice=1.0, steal=1.0)
    )
    monkeypatch.setattr(time, "perf_counter", lambda: clock["wall"])
    watch = Contention()
    clock["wall"] += 2.0
    clock["own"] += own
    clock["all"] += own + others
    assert watch.busy() is busy
    watch.start()  # begins anew
    clock["wall"] += 1.0
    assert watch.busy() is False
