"""Killed at any moment and continued, a training ends with exactly the weights of one that was never stopped."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import random
import shutil
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bench.records import Record, RunStore
from bench.runs.job import Job, Settings
from tests.inprocess import resolve_here, run_here

IMAGES, FUNCTIONS, SINUSOID, BANDIT = "toy-5w1s", "gp1d-rbf", "sinusoid-5s", "bandit-n10k5"
LEARNERS = {
    "protonet": IMAGES,
    "matching": IMAGES,
    "relnet": IMAGES,
    "r2d2": IMAGES,
    "snail": IMAGES,
    "simpleshot": IMAGES,
    "baseline": IMAGES,
    "baselinepp": IMAGES,
    "mamlpp": IMAGES,
    "maml": SINUSOID,
    "reptile": SINUSOID,
    "cnp": FUNCTIONS,
    "tnp": FUNCTIONS,
    "convcnp": FUNCTIONS,
    "rl2": BANDIT,
}
OPTIONS = {"relnet": {"loss": "cross_entropy", "init": "he", "clip_each": "0.5", "flip": "true"}}
STEPS, CHECKS = 12, 6
_STATE = "*/*/.training-*/state.safetensors"
TASKS = """
schema: 1
suites:
  toy-5w1s:
    version: 1
    title: six classes of eight small pictures in each split
    task: {kind: images, data: imagefolder, path: toy, image_size: 28, way: 5, shot: 1, query: 3}
    metric: accuracy
"""


def _job(algo: str, runs: Path) -> Job:
    """A short training with many checks, each of which saves its state."""
    image = LEARNERS[algo] == IMAGES
    recipe_name = "defaults" if image else None  # that of papers wants twenty classes
    tasks = runs.parent / "tasks.yaml" if image else None
    settings = Settings(
        recipe=recipe_name,
        device="cpu",
        runs=runs,
        episodes=20,
        tasks_file=tasks,
        overrides=OPTIONS.get(algo, {}),
    )
    (job,) = resolve_here(algo, LEARNERS[algo], [0], settings)
    rule = job.suite.validation.model_copy(update={"checks": CHECKS, "episodes": 10})
    recipe = job.recipe.model_copy(update={"steps": STEPS, "batch": 2})
    return dataclasses.replace(job, suite=job.suite.model_copy(update={"validation": rule}), recipe=recipe)


def _work(job: Job) -> None:
    run_here(job, Console(quiet=True))


def _start(job: Job) -> BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.runs.server", "bench.runs.child", "bench.cli.app"])
    process = context.Process(target=_work, args=(job,))
    process.start()
    return process


def _record(job: Job) -> Record:
    return RunStore(job.settings.runs).read(RunStore(job.settings.runs).path(job.suite.name, job.info.name, job.key))


def _wait_for_saves(process: BaseProcess, runs: Path, saves: int) -> None:
    """Return when the training state was saved so many times since now, or the process has ended."""
    seen = {file.stat().st_mtime_ns for file in runs.glob(_STATE)}
    wanted = len(seen) + saves
    while len(seen) < wanted and process.exitcode is None:
        process.join(0.002)
        for file in runs.glob(_STATE):
            with contextlib.suppress(FileNotFoundError):
                seen.add(file.stat().st_mtime_ns)


def _same_after_kills(algo: str, folder: Path, kills: int, draw: random.Random) -> int:
    """Kill a training `kills` times at random moments, and compare whenever one came to its end; continuations seen."""
    whole = _job(algo, folder / f"{algo}-whole")
    began = time.monotonic()
    _start(whole).join()
    seconds = time.monotonic() - began
    expected, continued = _record(whole), 0
    assert expected.status == "ok", expected.reason
    runs = folder / f"{algo}-killed"
    job = _job(algo, runs)
    left = kills
    while True:
        continued += any(runs.glob(_STATE))
        process = _start(job)
        if not left:
            process.join()
        elif draw.random() < 0.25:  # at any moment, the start and the end of the process included
            process.join(draw.uniform(0.2, 0.9) * seconds)
        else:  # in its training
            _wait_for_saves(process, runs, draw.randint(1, CHECKS - 1))
            process.join(draw.uniform(0, 0.05))
        if process.exitcode is None:
            process.kill()
            process.join()
            left -= 1
            continue
        found = _record(job)
        assert (found.checkpoint, found.scores) == (expected.checkpoint, expected.scores), algo
        assert found.validation == expected.validation
        assert not list(runs.glob("*/*/.*"))
        if not left:
            return continued
        shutil.rmtree(runs)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with toy images and the suite of them."""
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    (tmp_path / "tasks.yaml").write_text(TASKS)
    for s, split in enumerate(("train", "val", "test")):
        for c in range(6):
            base = np.random.default_rng([s, c]).integers(40, 215, (28, 28, 3))
            for i in range(8):
                noise = np.random.default_rng([s, c, i]).integers(-40, 40, base.shape)
                file = tmp_path / "toy" / split / f"{split}{c}" / f"{i}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray((base + noise).clip(0, 255).astype("uint8")).save(file)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "algo", ["maml", *(pytest.param(algo, marks=pytest.mark.slow) for algo in ("protonet", "simpleshot"))]
)
def test_a_kill(algo: str, folder: Path) -> None:
    _same_after_kills(algo, folder, 1, random.Random(algo))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_sixty_kills_over_all_families(folder: Path) -> None:
    draw = random.Random(0)
    each = -(-60 // len(LEARNERS))
    continued = {algo: _same_after_kills(algo, folder, each, draw) for algo in LEARNERS}
    print(f"{each * len(LEARNERS)} kills; trainings that were continued from a saved state: {continued}")
    assert sum(continued.values()) > len(LEARNERS)
