"""One process at a time on one run, whatever became of the one before; whoever reads meanwhile sees a whole run."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.records import lease as leases
from bench.records.lease import SILENT_S, Busy, Owner, is_free, lease, machine_alone, machine_shared
from tests.records.holder import holder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".lease-abc"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_GRACE_S", 0.3)


def signed(file: Path, host: str, age: float) -> None:
    """A lease file that its owner touched `age` seconds ago, and did not remove."""
    file.write_text(json.dumps(asdict(Owner(host, 4711, "2026-01-01T00:00:00+00:00"))))
    os.utime(file, (time.time() - age,) * 2)


def test_the_second_one_is_told_who_works_and_the_file_goes_with_its_owner(file: Path) -> None:
    with holder(file) as process:
        with pytest.raises(Busy, match=f"process {process.pid} on {socket.gethostname()}, since 20"), lease(file):
            pytest.fail("two at once")
        assert not is_free(file)
    with lease(file):
        assert json.loads(file.read_text())["pid"] == os.getpid()
    assert not file.exists() and is_free(file)


def test_waiting_ends_when_the_owner_is_done(file: Path) -> None:
    said: list[str] = []
    with holder(file, 2) as process, lease(file, wait=True, say=said.append):
        assert process.wait(5) == 0
    assert len(said) == 1 and said[0].startswith(f"waiting: process {process.pid} on {socket.gethostname()}, since 20")


def test_the_lease_of_a_killed_process_is_free_at_once(file: Path) -> None:
    with holder(file) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert file.exists()
        with lease(file):
            pass
    assert not file.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 1}', "null", "\0" * 5000, '{"pid": "many"}'])
def test_a_lease_that_says_nothing_sensible_is_free(file: Path, content: str) -> None:
    file.write_text(content)
    assert is_free(file)
    file.write_text(content)
    with lease(file):
        pass
    assert not file.exists()


def test_a_dead_process_of_this_host_holds_nothing(file: Path) -> None:
    signed(file, socket.gethostname(), age=0)
    with lease(file):
        pass
    assert not file.exists()


def test_another_host_counts_as_long_as_its_heart_beats(file: Path) -> None:
    """Where locks do not reach other machines, their heartbeat does."""
    signed(file, "elsewhere", age=SILENT_S - 10)
    with pytest.raises(Busy, match="process 4711 on elsewhere"), lease(file):
        pytest.fail("two at once")
    signed(file, "elsewhere", age=SILENT_S + 10)
    with lease(file):
        pass
    assert not file.exists()


def test_the_heart_beats(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_S", 0.05)
    with lease(file):
        os.utime(file, (0, 0))
        time.sleep(0.5)
        assert time.time() - file.stat().st_mtime < 10


def test_who_was_taken_for_dead_does_not_remove_the_next_ones_lease(file: Path) -> None:
    with lease(file):
        signed(file, "elsewhere", age=0)
    assert json.loads(file.read_text())["host"] == "elsewhere"


def test_a_forked_copy_does_not_give_up_its_parents_lease(file: Path) -> None:
    with lease(file):
        copy = multiprocessing.get_context("fork").Process(target=_leave, args=(file,))
        copy.start()
        copy.join()
        assert file.exists() and not _taken_elsewhere(file)


def _leave(file: Path) -> None:
    with pytest.raises(Busy), lease(file):
        pass


def _taken_elsewhere(file: Path) -> bool:
    free = f"import sys; from pathlib import Path; from bench.records.lease import is_free; sys.exit(is_free({file!r}))"
    return subprocess.run([sys.executable, "-c", free.replace("PosixPath", "Path")], check=False).returncode != 0


@pytest.mark.slow
def test_never_two_at_once(file: Path) -> None:
    """Twelve threads, each with descriptors of its own, a hundred times each: nobody meets anybody."""
    inside, met = Counter[str](), 0

    def work() -> None:
        nonlocal met
        for _ in range(100):
            with lease(file, wait=True):
                inside["now"] += 1
                met += inside["now"] > 1
                inside["now"] -= 1

    leases_poll, leases._POLL_S = leases._POLL_S, 0.001
    try:
        threads = [threading.Thread(target=work) for _ in range(12)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    finally:
        leases._POLL_S = leases_poll
    assert met == 0 and not file.exists()


# --- the machine -----------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_runs_share_the_machine_and_a_measurement_has_it_alone(machine: None) -> None:
    order: list[str] = []
    running, measured = threading.Event(), threading.Event()

    def measure() -> None:
        with machine_alone(order.append):
            order.append("measured")
        measured.set()

    def later() -> None:
        with machine_shared(order.append):
            order.append("later")

    with machine_shared(), machine_shared(order.append):
        running.set()
        alone = threading.Thread(target=measure)
        alone.start()
        time.sleep(0.2)
        queued = threading.Thread(target=later)  # a run that comes later does not push in
        queued.start()
        time.sleep(0.2)
        order.append("done")
    alone.join(5)
    queued.join(5)
    told = {"waiting for runs on this machine to end", "waiting: a speed is being measured, alone"}
    assert [said for said in order if said not in told] == ["done", "measured", "later"] and set(order) > told
