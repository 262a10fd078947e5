"""Real sweeps of a slow learner, that tests stop, kill and continue: its scores are those of an undisturbed run."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pytest

from bench.learners.weights import read_tensors
from bench.records import Record, RunStore
from bench.runs.run import run
from bench.sweeps.plan import Plan, load_plan, sweep_folder
from bench.sweeps.work import Share, Worker
from tests.sweeps.conftest import Sweeps

STEPS, EPISODES = 40, 50
COMMAND = ("sweep", "--algos", "eaters.py:Slow", "--suites", "sinusoid-10s", "--seeds", "0-1",
           "--episodes", str(EPISODES), "--device", "cpu", "--workers", "2")  # fmt: skip


def recipe(sweeps: Sweeps) -> None:
    (sweeps.folder / "recipes.yaml").write_text(
        f"slow: {{fast: {{'*': {{steps: {STEPS}, batch: 2, optimizer: {{lr: 0.01}}}}}}}}\n"
    )


def start(sweeps: Sweeps, *command: str, pause: float = 0.3) -> subprocess.Popen[str]:
    """`bench ...`, whose training steps take `pause` seconds each."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *command],
        cwd=sweeps.folder, env={**os.environ, "EATER_PAUSE": str(pause)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def until(what: Callable[[], object], seconds: float = 200) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def steps_done(sweeps: Sweeps) -> list[int]:
    """Of every training that is saved."""
    files = sweeps.runs.glob("*/*/.training-*/state.safetensors")
    return [json.loads(read_tensors(file)[1]["progress"])["step"] for file in files]


def workers() -> list[psutil.Process]:
    """`bench work` processes of this test's sweeps, wherever they hang."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if "work" in words and any(".sweeps" in word for word in words) and process.info["cwd"] == str(Path.cwd()):
            found.append(process)
    return found


def plan_of(sweeps: Sweeps) -> Plan:
    return load_plan(sweep_folder(sweeps.runs, "sweep"))


def check(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Every cell's scores are those of a run that nothing disturbed; returns the records."""
    plan = plan_of(sweeps)
    calm = dataclasses.replace(plan, folder=sweep_folder(sweeps.folder / "calm", "sweep"))
    calm.save()
    monkeypatch.setattr("bench.sweeps.attempt.in_process", run)
    Worker(calm.folder).work(Share())
    records = []
    for cell in plan.cells:
        found = []
        for store in (RunStore(plan.runs), RunStore(calm.runs)):
            path = store.find(cell.request.suite, cell.algorithm, cell.key)
            assert path is not None
            found.append((store.read(path), store.read_scores(path, store.read(path))))
        assert found[0][0].status == found[1][0].status == "ok"
        pd.testing.assert_frame_equal(found[0][1], found[1][1])
        records.append(found[0][0])
    return records
