"""Workers as processes of this machine, killed and stopped. Minutes long."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from bench.sweeps.work import Share, Worker
from tests.sweeps.conftest import Sweeps, events_of, kinds_of
from tests.sweeps.undisturbed import COMMAND, check, plan_of, recipe, start, steps_done, until, workers

pytestmark = pytest.mark.slow


def test_a_killed_worker_is_replaced_and_its_cell_says_so(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe(sweeps)
    with start(sweeps, *COMMAND) as driver:
        until(lambda: steps_done(sweeps))
        workers()[0].kill()
        said = driver.communicate(timeout=250)[0]
    assert driver.returncode == 0 and "2 done" in said and "(try 2)" in said, said
    attempts = [attempt for record in check(sweeps, monkeypatch) for attempt in record.attempts]
    assert [attempt.kind for attempt in attempts] == ["lost"] and not workers()
    assert kinds_of(plan_of(sweeps)).count("ended") == 2  # the last words of the last cell, too


def test_a_cancelled_sweep_saves_and_goes_on(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe(sweeps)
    with start(sweeps, *COMMAND) as driver:
        until(lambda: len(steps_done(sweeps)) == 2)
        with start(sweeps, "cancel", "sweep") as cancel:
            assert "workers stop within seconds" in cancel.communicate(timeout=100)[0]
        began = time.monotonic()
        said = driver.communicate(timeout=100)[0]
    print(f"\nstopped {time.monotonic() - began:.1f} s after the cancel command had ended")
    assert "(cancelled)" in said and not workers()
    assert len(steps_done(sweeps)) == 2 and kinds_of(plan_of(sweeps)).count("stopped") == 2
    with start(sweeps, *COMMAND, pause=0) as driver:
        assert driver.communicate(timeout=250)[0] and driver.returncode == 0
    assert not any(record.attempts for record in check(sweeps, monkeypatch))


def test_workers_of_a_killed_command_save_and_leave(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe(sweeps)
    with start(sweeps, *COMMAND) as driver:
        until(lambda: steps_done(sweeps))
        assert len(workers()) == 2
        driver.kill()
    began = time.monotonic()
    until(lambda: not workers(), 60)
    print(f"\nworkers were gone {time.monotonic() - began:.1f} s after their driver")
    assert steps_done(sweeps) and kinds_of(plan_of(sweeps)).count("stopped") == 2


def test_ctrl_c_saves_and_ends_workers(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe(sweeps)
    with start(sweeps, *COMMAND) as driver:
        until(lambda: steps_done(sweeps))
        driver.send_signal(signal.SIGINT)
        said = driver.communicate(timeout=100)[0]
    assert driver.returncode == 1 and "interrupted; the same command continues" in said and not workers()
    notes = [event.values["text"] for event in events_of(plan_of(sweeps)) if event.event == "note"]
    assert notes.count("stopped; the same command continues it") == 2


def test_a_cell_that_takes_more_than_the_sweep_may_is_ended(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EATER_MIB", "900")
    plan = sweeps.planned("eaters.py:Glutton", "sinusoid-10s")
    Worker(plan.folder, memory_mib=800).work(Share())
    record = sweeps.record(plan, plan.cells[0])
    assert record.failure == "memory" and len(record.attempts) == 2, record.reason
    assert (record.reason or "").startswith("out of memory, needs about ")
    assert all("of 0.8 GiB allowed" in attempt.reason for attempt in record.attempts)


def test_what_a_sweep_adds_to_its_cells(sweeps: Sweeps) -> None:
    recipe(sweeps)
    text = Path("recipes.yaml").read_text().replace("steps: 40", "steps: 2")
    Path("recipes.yaml").write_text(text)
    command = [*COMMAND[:5], "--seeds", "0-11", *COMMAND[7:]]
    began = time.monotonic()
    with start(sweeps, *command, pause=0) as driver:
        driver.communicate(timeout=280)
    wall, cells = time.monotonic() - began, 12
    own = [event.values["seconds"] for event in events_of(plan_of(sweeps)) if event.event == "ended"]
    added = (2 * wall - sum(own)) / cells
    print(f"\n{cells} cells, 2 workers: {wall:.1f} s, a cell {sum(own) / cells:.2f} s, added {added:.2f} s each"
          f" (load {os.getloadavg()[0]:.1f})")  # fmt: skip
    assert len(own) == cells and added < 30
