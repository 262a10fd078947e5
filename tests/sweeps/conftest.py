"""Sweeps whose cells are carried out in the test's own process, or by a stand-in that writes records in no time."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bench.records import Memory, Record, RunStore
from bench.runs.environment import machine
from bench.runs.facts import answer
from bench.runs.failure import Failure
from bench.runs.job import Job
from bench.runs.outcome import Outcome
from bench.runs.resolve import resolve
from bench.runs.run import run
from bench.runs.write import Findings, write, write_failure
from bench.sweeps.costs import Costs
from bench.sweeps.events import Event, EventLog, Tail
from bench.sweeps.plan import Cell, Estimate, Plan, Request, sweep_folder
from bench.sweeps.planning import plan_cells
from bench.sweeps.state import attempts_at
from bench.sweeps.sweepfile import Entry
from tests.records.factory import regression_scores

LEARNERS = (Path(__file__).parents[1] / "runs" / "tiny.py", Path(__file__).with_name("eaters.py"))


def cell(key: str = "a1", seconds: float = 100.0, memory_mib: float = 500.0, **asked: Any) -> Cell:
    """A cell of the learner chance that nobody has resolved."""
    request = Request(**{"algo": "chance", "suite": "sinusoid-10s", "seed": None} | asked)
    return Cell(request, key, request.algo, request.recipe or "", 100, Estimate(seconds, memory_mib, "a guess"))


@dataclass
class Sweeps:
    """`folder` holds the learners of tests, a recipes.yaml if there is one, and runs/."""

    folder: Path

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def plan(self, *cells: Cell, name: str = "sweep", **fields: Any) -> Plan:
        plan = Plan(sweep_folder(self.runs, name), cells, **{"device": "cpu"} | fields)
        plan.save()
        return plan

    def planned(self, algo: str, suite: str, seeds: tuple[int, ...] = (0,), **asked: Any) -> Plan:
        """Of learners by name, or of classes of the tests' files: `tiny.py:Latent`."""
        name, fields = asked.pop("name", "sweep"), {key: asked.pop(key) for key in ("timeout",) if key in asked}
        algos = [str(self.folder / one) if ".py" in one else one for one in algo.split(",")]
        entry = Entry(**{"algo": algos, "suite": suite, "seeds": seeds, "budget": "smoke"} | asked)
        costs = Costs([], machine().hardware_class)
        return self.plan(*plan_cells([entry], self.runs, None, None, costs).cells, name=name, **fields)

    def record(self, plan: Plan, cell: Cell) -> Record:
        store = RunStore(plan.runs)
        path = store.find(cell.request.suite, cell.algorithm, cell.key)
        assert path is not None, f"{cell.title} has no record"
        return store.read(path)

    def lose(self, plan: Plan, cell: Cell, times: int = 1) -> None:
        """Workers that were lost while they were at the cell."""
        for _ in range(times):
            attempts_at(plan, cell).begun()


@pytest.fixture
def sweeps(tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch) -> Sweeps:
    """Learners are asked in this process."""
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    monkeypatch.setattr("bench.sweeps.planning.asking", lambda timeout: answer)
    monkeypatch.setattr("bench.sweeps.attempt.asking", lambda timeout: answer)
    monkeypatch.chdir(tmp_path)
    for file in LEARNERS:
        shutil.copy(file, tmp_path / file.name)
    return Sweeps(tmp_path)


@pytest.fixture
def in_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are really carried out, in this process."""
    monkeypatch.setattr("bench.sweeps.attempt.in_process", run)


Way = Callable[[Job], Failure | None]


@dataclass
class StandIn:
    """Instead of a process: keeps the jobs it is given, and ends each as `way` says, None being well."""

    way: Way = lambda job: None
    seconds: float = 0.0
    jobs: list[Job] = field(default_factory=list)

    def __call__(self, job: Job, observer: Any) -> Outcome:
        self.jobs.append(job)
        time.sleep(self.seconds)
        store = RunStore(job.settings.runs)
        findings = Findings(machine())
        if failure := self.way(job):
            findings.memory = Memory(peak_host_mib=failure.peak_mib)
            return write_failure(job, store, failure, findings)
        findings.scores = regression_scores(job.episodes)
        return write(job, store, "ok", None, findings)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    found = StandIn()
    monkeypatch.setattr("bench.sweeps.attempt.in_process", found)
    monkeypatch.setattr("bench.sweeps.attempt._PAUSE_S", 0.0)
    monkeypatch.setattr("bench.sweeps.attempt.resolve", _one_at_a_time(resolve))
    return found


def _one_at_a_time(function: Callable[..., Any]) -> Callable[..., Any]:
    """For workers that are threads of a test: Python 3.11's parser fails when two of them are in it."""
    lock = threading.Lock()

    def locked(*arguments: Any) -> Any:
        with lock:
            return function(*arguments)

    return locked


def events_of(plan: Plan) -> list[Event]:
    return Tail(plan.folder).new()


def kinds_of(plan: Plan) -> list[str]:
    return [event.event for event in events_of(plan)]


def log_of(plan: Plan) -> EventLog:
    return EventLog(plan.folder)
