"""Killed or interrupted, and continued: exactly the scores of a run that was never stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import bench
from bench.errors import DataInvalid
from bench.learners.weights import load_weights, read_tensors, write_tensors
from bench.records import RunStore
from bench.training.state import Progress, TrainingState
from tests.runs.conftest import Workshop

STEPS = 40  # a check, and a saved state, every second one


def _start(workshop: Workshop, algo: str, suite: str) -> subprocess.Popen[str]:
    command = ["run", "--algo", workshop.algo(algo), "--suite", suite, "--episodes", "100"]
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *command, "--device", "cpu", "--runs", str(workshop.folder / "runs")],
        env={**os.environ, "TINY_PAUSE": "0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )


def _steps_done(folder: Path) -> int:
    files = list(folder.glob("*/*/.training-*/state.safetensors"))
    return json.loads(read_tensors(files[0])[1]["progress"])["step"] if files else 0


def _stop_after(workshop: Workshop, process: subprocess.Popen[str], step: int, how: signal.Signals) -> tuple[int, str]:
    """Wait until `step` is saved and send the signal; returns the exit code and what the process said."""
    deadline = time.monotonic() + 200
    while _steps_done(workshop.folder / "runs") < step:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no training state appeared"
        time.sleep(0.02)
    process.send_signal(how)
    said = process.communicate(timeout=60)[0]
    return process.returncode, said


@pytest.mark.parametrize(("algo", "suite"), [("Dropped", "glyphs-5w1s"), ("Latent", "sinusoid-10s")])
def test_killed_twice_and_continued_equals_never_stopped(workshop: Workshop, algo: str, suite: str) -> None:
    workshop.recipe(algo, steps=STEPS, batch=2, schedule={"name": "cosine"}, optimizer={"lr": 0.01})
    for step in (4, 16):
        code, said = _stop_after(workshop, _start(workshop, algo, suite), step, signal.SIGKILL)
        assert code == -signal.SIGKILL
        assert ("continuing at" in said) == (step == 16)
    assert [
        run.record and (run.record.status, run.record.reason) for run in RunStore(workshop.folder / "runs").runs()
    ] == []
    continued = workshop.run(algo, suite, budget="full", episodes=100)
    assert "continuing at" in workshop.said.getvalue()
    whole = workshop.run(algo, suite, runs="whole", budget="full", episodes=100)
    assert continued.record.key == whole.record.key
    assert continued.record.scores == whole.record.scores
    assert continued.record.checkpoint == whole.record.checkpoint
    assert continued.record.validation == whole.record.validation
    curves = [RunStore(workshop.folder).read_curve(outcome.path) for outcome in (continued, whole)]
    assert len(curves[0]) == 20 and (curves[0]["step"] == curves[1]["step"]).all()
    np.testing.assert_array_equal(curves[0]["loss"], curves[1]["loss"])
    timing = continued.record.timing
    assert timing.train_s and timing.train_s > 16 * 0.1  # the attempts before the kills are counted
    assert not list((workshop.folder / "runs").glob("*/*/.training-*"))


def test_ctrl_c_leaves_an_interrupted_record_and_the_same_command_finishes(workshop: Workshop) -> None:
    workshop.recipe("Latent", steps=STEPS, batch=2)
    code, said = _stop_after(workshop, _start(workshop, "Latent", "sinusoid-10s"), 6, signal.SIGINT)
    assert code == 1 and "the same command continues" in said and "Traceback" not in said
    (run,) = RunStore(workshop.folder / "runs").runs()
    assert run.record is not None and run.record.status == "interrupted" and run.record.scores is None
    finished = workshop.run("Latent", "sinusoid-10s", budget="full", episodes=100)
    whole = workshop.run("Latent", "sinusoid-10s", runs="whole", budget="full", episodes=100)
    assert finished.record.status == "ok" and finished.path == run.path
    assert finished.record.scores == whole.record.scores


class Line(bench.Learner):
    """A linear map."""

    family = "model"

    def __init__(self, width: int) -> None:
        super().__init__(None, None)  # type: ignore[arg-type]
        self.line = nn.Linear(width, 1)


def test_state_round_trip_restores_adam_and_noise(tmp_path: Path) -> None:
    def steps(model: Line, optimizer: torch.optim.Optimizer, n: int) -> None:
        for _ in range(n):
            optimizer.zero_grad()
            model.line(torch.ones(2, 3)).square().sum().backward()
            optimizer.step()

    model = Line(3)
    model.noise("z", (4,))
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    steps(model, optimizer, 3)
    state = TrainingState(tmp_path)
    assert state.progress() is None
    progress = Progress(step=3, counters={"episodes:1": 3}, best_score=0.5, best_step=2)
    state.save({"model": model}, {"line.weight": torch.zeros(1, 3)}, optimizer, progress)
    fresh = Line(3)
    other = torch.optim.Adam(fresh.parameters(), 0.1)
    best, restored = state.load({"model": fresh}, other) or pytest.fail("nothing was restored")
    assert restored == progress and state.progress() == progress and (best["line.weight"] == 0).all()
    steps(model, optimizer, 2)
    steps(fresh, other, 2)
    assert all((fresh.state_dict()[name] == value).all() for name, value in model.state_dict().items())


@pytest.mark.parametrize("at", [0.001, 0.3, 0.9, 0.999])
def test_a_state_with_a_turned_bit_is_put_away(tmp_path: Path, at: float) -> None:
    model, state = Line(300), TrainingState(tmp_path)
    best = {name: value.clone() for name, value in model.state_dict().items()}
    state.save({"model": model}, best, torch.optim.Adam(model.parameters()), Progress(step=3))
    assert state.progress() is not None
    content = bytearray(state.file.read_bytes())
    content[int(at * len(content))] ^= 4
    state.file.write_bytes(content)
    assert state.load({"model": Line(300)}, None) is None and not state.file.exists()


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    write_tensors(file, {"weight": torch.zeros(2, 2)})
    with pytest.raises(DataInvalid, match=r"does not fit Linear: .*bias"):
        load_weights(nn.Linear(2, 2), read_tensors(file)[0])
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(DataInvalid, match="not a readable safetensors file"):
        read_tensors(file)


def test_noise_of_another_shape_or_name_gives_way_to_the_loaded_one() -> None:
    model = Line(1)
    drawn = model.noise("a", (5,)), model.noise("b", (5,))
    weights = {name: value for name, value in model.state_dict().items() if name.startswith("line")}
    load_weights(model, {**weights, "noise_a": torch.zeros(2)})
    assert set(model.state_dict()) == {*weights, "noise_a"} and (model.noise("a", (2,)) == 0).all()
    assert (model.noise("a", (5,)) == drawn[0]).all() and (model.noise("b", (5,)) == drawn[1]).all()


@pytest.mark.parametrize("persistent", [True, False])
def test_buffers_of_the_learners_own_stay_however_they_are_called(persistent: bool) -> None:
    models = Line(1), Line(1)
    for value, model in enumerate(models):
        model.register_buffer("noise_scale", torch.tensor(float(value)), persistent=persistent)
        model.noise("z", (3,))
    load_weights(models[1], models[0].state_dict())
    assert models[1].get_buffer("noise_scale") == (0 if persistent else 1)
    with pytest.raises(AttributeError, match="has a noise_scale of its own"):
        models[1].noise("scale", ())
