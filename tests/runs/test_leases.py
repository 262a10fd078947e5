"""Several processes on one run: one works, the others are told or wait, and nothing good is lost."""

from __future__ import annotations

import multiprocessing.queues
import os
import time
from collections import Counter
from multiprocessing.synchronize import Barrier

import pytest
from rich.console import Console

from bench.records import RunStore
from bench.records.lease import lease
from bench.runs.cell import carry_out
from bench.runs.job import Job
from tests.conftest import Cli
from tests.records.holder import holder
from tests.runs.conftest import Workshop


def test_a_run_that_another_process_works_on_is_left_alone_or_waited_for(
    workshop: Workshop,
) -> None:
    job = workshop.job("chance", "sinusoid-10s")
    file = workshop.folder / "runs" / "sinusoid-10s" / "chance" / f".lease-{job.key}"
    with holder(file) as process:
        outcome = workshop.run("chance", "sinusoid-10s")
        assert outcome.status == "busy" and outcome.bad and not list(RunStore(workshop.folder / "runs").runs())
        assert outcome.reason.startswith(f"process {process.pid} on ") and "--wait waits" in outcome.reason
    with holder(file, 4):
        assert workshop.run("chance", "sinusoid-10s", wait=True).status == "ok"
    assert not file.exists() and "waiting: process" in workshop.said.getvalue()


def test_the_second_command_says_who_works_and_leaves(workshop: Workshop, cli: Cli) -> None:
    job = workshop.job("chance", "sinusoid-10s")
    file = workshop.folder / "runs" / "sinusoid-10s" / "chance" / f".lease-{job.key}"
    command = ("run", "--algo", "chance", "--suite", "sinusoid-10s,sinusoid-5s", "--budget", "smoke")
    with holder(file) as process:
        done = cli(*command, "--device", "cpu", "--runs", workshop.folder / "runs")
    assert done.code == 1 and f"process {process.pid} on" in done.err and "disk" not in done.err
    assert "busy" in done.out and "sinusoid-5s" in done.out


@pytest.mark.parametrize("force", [False, True])
def test_nothing_but_an_ok_takes_the_place_of_an_ok(
    workshop: Workshop,
    monkeypatch: pytest.MonkeyPatch,
    force: bool,
) -> None:
    first = workshop.run("Interrupted", "sinusoid-10s", episodes=50)
    monkeypatch.setenv("TINY_INTERRUPT", "raise")
    later = workshop.run("Interrupted", "sinusoid-10s", episodes=90, force=force)
    assert later.status == "failed" and later.bad and not later.stored
    assert "late trouble" in later.reason and f"The earlier record stays: {first.path}" in later.reason
    assert RunStore(workshop.folder / "runs").read(first.path) == first.record


def test_temporary_folders_of_dead_writers_are_swept_by_the_next_run(workshop: Workshop) -> None:
    job = workshop.job("chance", "sinusoid-10s")
    folder = workshop.folder / "runs" / "sinusoid-10s" / "chance"
    for number in range(3):
        (folder / f".tmp-{job.key}-{number:08x}").mkdir(parents=True)
    other = folder / ".tmp-ffffffffffffffff-00000000"  # of a run that somebody works on right now
    other.mkdir()
    with lease(folder / ".lease-ffffffffffffffff"):
        workshop.run("chance", "sinusoid-10s")
        assert sorted(path.name for path in folder.glob(".tmp-*")) == [other.name]
        os.utime(other, (time.time() - 120,) * 2)
        workshop.run("chance", "sinusoid-10s", force=True)
        assert other.exists()
    workshop.run("chance", "sinusoid-10s", force=True)
    assert not list(folder.glob(".*"))


Results = "multiprocessing.queues.Queue[tuple[int, list[str]]]"


def _work(rounds: list[list[Job]], together: Barrier, results: Results) -> None:
    for number, jobs in enumerate(rounds):
        together.wait()
        results.put((number, [carry_out(job, Console(quiet=True)).status for job in jobs]))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_eight_processes_on_four_cells(workshop: Workshop) -> None:
    """Twenty times, every second time with --wait: four `ok` records, the others are told, nothing is left over."""
    cells = [("Dropped", "glyphs-5w1s"), ("Latent", "sinusoid-10s"), ("chance", "sinusoid-10s"), ("cnp", "gp1d-rbf")]
    rounds = [
        [workshop.job(*cell, runs=f"runs{number}", wait=number % 2 == 1) for cell in cells] for number in range(20)
    ]
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(8), context.Queue()
    processes = [context.Process(target=_work, args=(rounds, together, results)) for _ in range(8)]
    [process.start() for process in processes]
    statuses = [Counter[str]() for _ in rounds]
    for _ in range(8 * len(rounds)):
        number, found = results.get(timeout=600)
        statuses[number].update(found)
    [process.join() for process in processes]
    for number in range(len(rounds)):
        runs = list(RunStore(workshop.folder / f"runs{number}").runs())
        assert [run.record and run.record.status for run in runs] == ["ok"] * 4
        assert set(statuses[number]) <= ({"ok"} if number % 2 else {"ok", "busy"})
        assert not list((workshop.folder / f"runs{number}").glob("*/*/.*"))
    print(f"8 processes on 4 cells, 20 times: {dict(sum(statuses, Counter()))}")
