"""A sweep's curves, read back as TensorBoard reads them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.sweeps.events import Event
from bench.sweeps.telling import Telling
from bench.sweeps.tensorboard import write_curves
from tests.conftest import Cli
from tests.records.factory import make_record, regression_scores
from tests.sweeps.conftest import Sweeps, cell, log_of

EVENTS = [
    Event(f"2026-11-27T01:00:0{step}.000Z", "training", "k1234567", "maml on s seed 0", "w", values)
    for step, values in enumerate(
        [
            {"step": 10, "loss": 2.0, "validation": None, "episodes_per_s": 50.0},
            {"step": 20, "loss": 1.0, "validation": 0.5, "episodes_per_s": 60.0},
        ]
    )
]
END = Event("2026-11-27T01:00:09.000Z", "ended", "k1234567", "maml on s seed 0", "w", {"metric": "mse", "mean": 0.25})


@pytest.mark.filterwarnings("default")  # its own
def test_curves_come_back(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert write_curves([*EVENTS, END], tmp_path) == 1
    (folder,) = (tmp_path / "maml").iterdir()
    assert folder.name == "s-seed-0-k12345"
    found = EventAccumulator(str(folder)).Reload()
    assert sorted(found.Tags()["scalars"]) == ["episodes_per_s", "loss", "test/mse", "validation"]
    assert [(one.step, one.value) for one in found.Scalars("loss")] == [(10, 2.0), (20, 1.0)]
    assert [(one.step, one.value) for one in found.Scalars("validation")] == [(20, 0.5)]
    assert [(one.wall_time, one.value) for one in found.Scalars("test/mse")] == [(END.seconds, 0.25)]


@pytest.mark.filterwarnings("default")
def test_the_command_writes_them(sweeps: Sweeps, cli: Cli) -> None:
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    plan = sweeps.plan(cell())
    telling = Telling(log_of(plan), plan.cells[0])
    telling.training(1, 0.5, 0.25, 9.0)
    telling.ended(make_record(regression_scores(20)), 3.0)
    done = cli("events", "sweep", "--tensorboard", "curves")
    assert done.code == 0 and done.out == "1 curves in curves\n"
    assert list(Path("curves").rglob("events.out.tfevents.*"))


def test_it_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sweeps: Sweeps, cli: Cli) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    sweeps.plan(cell())
    done = cli("events", "sweep", "--tensorboard", "curves")
    assert done.code == 2 and "meta-bench[tensorboard]" in done.err
