"""docs/sweeps.md: its file can be read, its tables are complete, its hooks do what they say."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import bench.sweeps.events as events
from bench.runs.failure import Failure
from bench.sweeps.sweepfile import load_entries
from bench.sweeps.telling import Telling
from bench.sweeps.work import Share, Worker
from tests.sweeps.conftest import StandIn, Sweeps, events_of, log_of

PAGE = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text(encoding="utf-8")


def _block(language: str, holds: str) -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if holds in block]
    return str(found)


def test_the_example_is_a_sweep_file(tmp_path: Path) -> None:
    (tmp_path / "glyphs.yaml").write_text(_block("yaml", "glyphs.yaml"))
    first, second = load_entries(tmp_path / "glyphs.yaml")
    assert first.seeds == (0, 1, 2) and len(first.algo) == 3 and second.set == {"first_order": "True"}


def test_the_page_has_every_event_of_the_module() -> None:
    rows = re.findall(r"^\| ([a-z_, ]+) \|", events.__doc__ or "", re.MULTILINE)[1:]
    here = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    assert {row.replace("`", "") for row in here} == set(rows)


@pytest.fixture
def finished(sweeps: Sweeps, stand_in: StandIn) -> Sweeps:
    """A sweep `glyphs` of a cell that trained and one that failed."""
    plan = sweeps.planned("chance", "sinusoid-5s,sinusoid-10s", name="glyphs")
    telling = Telling(log_of(plan), plan.cells[0])
    for step in (1, 2):
        telling.training(step, 0.5 / step, 0.25 * step, 10.0)
    stand_in.way = lambda job: Failure("no more ideas") if job.key == plan.cells[1].key else None
    Worker(plan.folder).work(Share())
    return sweeps


def test_the_hook_for_wandb(finished: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Any] = {}

    def init(**asked: Any) -> Any:
        run = SimpleNamespace(logged=[], summary={}, ended=0, **asked)
        run.log = lambda values, step: run.logged.append((step, values))
        run.finish = lambda: setattr(run, "ended", run.ended + 1)
        assert made.setdefault(asked["id"], run) is run
        return run

    code = _block("python", "import wandb")
    assert len([line for line in code.splitlines() if line]) <= 15
    plan = finished.planned("chance", "sinusoid-5s,sinusoid-10s", name="glyphs")
    lines = "".join(event.line + "\n" for event in events_of(plan))
    module = ModuleType("wandb")
    monkeypatch.setattr(module, "init", init, raising=False)
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    exec(compile(code, "to_wandb.py", "exec"), {})
    good, bad = (made[one.key] for one in plan.cells)
    assert good.logged == [(1, {"loss": 0.5, "validation": 0.25}), (2, {"loss": 0.25, "validation": 0.5})]
    assert 0 < good.summary["mse"] < 1 and bad.summary == {"failed": "no more ideas"}
    assert good.ended == bad.ended == 1 and good.name == "chance on sinusoid-5s"


def test_the_hook_for_mlflow(finished: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[tuple[Any, ...]] = []
    ends: dict[str, str] = {}

    class Client:
        def create_experiment(self, name: str) -> str:
            return f"experiment {name}"

        def create_run(self, experiment: str, run_name: str) -> Any:
            assert experiment == "experiment glyphs"
            return SimpleNamespace(info=SimpleNamespace(run_id=run_name))

        def log_metric(self, run_id: str, key: str, value: float, step: int) -> None:
            logged.append((run_id, key, round(value, 3), step))

        def set_terminated(self, run_id: str, status: str) -> None:
            ends[run_id] = status

    code = _block("python", "import mlflow")
    assert len([line for line in code.splitlines() if line]) <= 15
    module = ModuleType("mlflow")
    monkeypatch.setattr(module, "MlflowClient", Client, raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    exec(compile(code, "to_mlflow.py", "exec"), {})
    name = "chance on sinusoid-5s"
    assert logged[:4] == [
        (name, "loss", 0.5, 1),
        (name, "validation", 0.25, 1),
        (name, "loss", 0.25, 2),
        (name, "validation", 0.5, 2),
    ]
    assert logged[4][:2] == (name, "mean") and len(logged) == 5
    assert ends == {name: "FINISHED", "chance on sinusoid-10s": "FAILED"}
