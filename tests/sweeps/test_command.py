"""`bench sweep` as it is typed: mistakes on one screen, and what is not installed."""

from __future__ import annotations

import sys

import pytest

from bench.sweeps.engines.local import slots, visible_gpus
from tests.conftest import Cli
from tests.sweeps.conftest import Sweeps

PAIR = ("-a", "chance", "-s", "sinusoid-5s", "--budget", "smoke")
MISTAKES = [
    ((), "Expected a sweep file, or --algos and --suites."),
    (("-a", "chance"), "Expected a sweep file, or --algos and --suites."),
    (("wanted.yaml", *PAIR), "Expected a sweep file, or --algos and --suites."),
    (("wanted.yaml", "--budget", "smoke"), "A sweep file says itself which cells there are"),
    (("wanted.yaml", "--seeds", "0-2"), "A sweep file says itself which cells there are"),
    (("wanted.yaml",), "No such sweep file: wanted.yaml"),
    (("-a", "chnace", "-s", "sinusoid-5s"), "Unknown algo 'chnace'. Did you mean 'chance'?"),
    (("-a", "chance", "-s", "sinusoid-5"), "Unknown suite 'sinusoid-5'. Did you mean 'sinusoid-5s'"),
    (("-a", ",", "-s", "sinusoid-5s"), "Expected names separated by commas, found ','."),
    (("-a", "chance", "-s", ""), "Expected names separated by commas, found ''."),
    ((*PAIR, "--seeds", "2-0"), "Write 0-2."),
    ((*PAIR, "--set", "norm"), "Expected --set key=value, found 'norm'."),
    ((*PAIR, "--episodes", "1"), "--episodes must lie in 2..10,000, found 1."),
    ((*PAIR, "--engine", "slurm"), "--engine slurm and --write FILE go together."),
    ((*PAIR, "--write", "x.sh"), "--engine slurm and --write FILE go together."),
    ((*PAIR, "--engine", "cloud"), "'cloud' is not one of"),
    ((*PAIR, "--name", "a/b"), "'a/b' can't name a sweep"),
    ((*PAIR, "--workers", "0"), "Input should be greater than or equal to 1"),
    (("nowhere.py:Net", *PAIR[2:]), "A sweep file says itself which cells there are"),
    (("-a", "nowhere.py:Net", *PAIR[2:]), "No such file: nowhere.py"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=[" ".join(words) for words, _ in MISTAKES])
def test_a_mistake_is_explained_and_nothing_is_written(
    sweeps: Sweeps, cli: Cli, arguments: tuple[str, ...], said: str
) -> None:
    done = cli("sweep", *arguments)
    flat = " ".join(done.err.replace("│", " ").split())
    assert done.code == 2, done.err
    assert said in flat and "Traceback" not in done.err and done.out == ""
    assert len(done.err.splitlines()) < 12 and not (sweeps.runs / ".sweeps").exists()


def test_ray_is_an_extra(sweeps: Sweeps, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = cli("sweep", *PAIR, "--engine", "ray")
    assert done.code == 2 and "needs Ray" in done.err and "meta-bench[ray]" in done.err


def test_a_worker_a_core_on_a_machine_without_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.sweeps.engines.local._cores", lambda: 6)
    monkeypatch.setattr("bench.sweeps.engines.local.visible_gpus", lambda: [])
    found = slots("auto")
    assert len(found) == 6 and {place["OMP_NUM_THREADS"] for place in found} == {"1"}
    assert len(slots("auto", 2)) == 2 and len(slots("cpu", 9)) == 9
    assert {place["CUDA_VISIBLE_DEVICES"] for place in slots("cpu")} == {""}  # a cell must not take one all the same


def test_a_worker_a_gpu_or_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-7f")

    def gpus(*asked: object) -> list[str]:
        return [place["CUDA_VISIBLE_DEVICES"] for place in slots(*asked)]  # type: ignore[arg-type]

    assert gpus("auto") == ["3", "GPU-7f"] == gpus("cuda")
    assert gpus("auto", None, 2) == ["3", "GPU-7f"] * 2 and gpus("auto", 3, 2) == ["3", "GPU-7f", "3"]
    assert set(gpus("cpu", 2)) == {""}
    for none in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
        assert visible_gpus() == []


def test_gpus_as_nvidia_smi_lists_them(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    tool = sweeps.folder / "nvidia-smi"
    for script, expected in (("echo 0; echo 1", ["0", "1"]), ("echo broken; exit 9", [])):
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{sweeps.folder}:/bin:/usr/bin")
        assert visible_gpus() == expected
    monkeypatch.setenv("PATH", "/nowhere")
    assert visible_gpus() == []
