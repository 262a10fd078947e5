"""Events: what happens to cells as lines of JSON, whoever writes them."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

import bench.sweeps.events as module
from bench.errors import DataMissing, StoreError, UsageError
from bench.runs.failure import Failure
from bench.sweeps.events import Event, EventLog, Tail, follow
from bench.sweeps.telling import Telling
from bench.sweeps.work import Share, Worker
from tests.conftest import Cli
from tests.sweeps.conftest import StandIn, Sweeps, cell, events_of, log_of

TABLE = re.findall(r"^\| ([a-z_, ]+) \| (.*) \|$", module.__doc__ or "", re.MULTILINE)[1:]
KINDS = {kind for kinds, _ in TABLE for kind in kinds.split(", ")}


def _two_logs(folder: Path) -> tuple[EventLog, EventLog]:
    return EventLog(folder), EventLog(folder)


def test_lines_of_several_workers_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    logs = _two_logs(tmp_path)
    for number in range(6):
        logs[number % 2].tell("note", "k", "t", text=str(number))
        time.sleep(0.002)
    assert len(list((tmp_path / "events").iterdir())) == 2
    found = list(follow(tmp_path))
    assert [event.values["text"] for event in found] == list("012345")
    assert [event.time for event in found] == sorted(event.time for event in found)
    assert {json.loads(event.line)["worker"] for event in found} == {logs[0].worker}
    assert 0 <= time.time() - found[-1].seconds < 60


def test_a_line_is_read_once_and_when_it_is_whole(tmp_path: Path) -> None:
    log, tail = EventLog(tmp_path), Tail(tmp_path)
    assert tail.new() == []
    log.tell("started")
    (file,) = (tmp_path / "events").iterdir()
    line = Event("2026-01-01T00:00:00.000Z", "note", "k", "t", "w:1", {"text": "ä"}).line
    with file.open("a") as out:
        out.write(line[:20])
    assert [event.event for event in tail.new()] == ["started"] and tail.new() == []
    with file.open("a") as out:
        out.write(line[20:] + "\n")
    assert [event.values for event in tail.new()] == [{"text": "ä"}] and tail.new() == []


@pytest.mark.parametrize("torn", ["", "{", "[]", "null", '{"event": "note"}', "\x00\x00"])
def test_what_a_crash_has_torn_is_passed_over(tmp_path: Path, torn: str) -> None:
    log = EventLog(tmp_path)
    log.tell("started")
    (file,) = (tmp_path / "events").iterdir()
    with file.open("a") as out:
        out.write(torn + "\n")
    log.tell("stopped")
    assert [event.event for event in Tail(tmp_path).new()] == ["started", "stopped"]


def test_following_ends_with_the_last_event_that_was_there_when_it_was_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_POLL_S", 0.01)
    log, over = EventLog(tmp_path), threading.Event()

    def write() -> None:
        for number in range(5):
            log.tell("note", text=str(number))
            time.sleep(0.03)
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert [event.values["text"] for event in follow(tmp_path, over.is_set)] == list("01234")
    thread.join()


def test_a_sweep_without_events_has_none(tmp_path: Path) -> None:
    assert list(follow(tmp_path)) == []


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("in the way")
    with pytest.raises(StoreError):
        EventLog(tmp_path)


def test_reports_of_progress_are_throttled_and_validations_never(tmp_path: Path) -> None:
    telling = Telling(EventLog(tmp_path), cell())
    for step in range(200):
        telling.training(step, 1.0, 0.5 if step % 50 == 0 else None, 10.123)
        telling.advance(step)
    events = Tail(tmp_path).new()
    validated = [event.values["step"] for event in events if event.values.get("validation") is not None]
    assert validated == [0, 50, 100, 150] and len(events) < 10
    assert events[0].values == {"step": 0, "loss": 1.0, "validation": 0.5, "episodes_per_s": 10.1}


def test_every_event_of_the_table_happens_and_says_what_the_table_says(
    sweeps: Sweeps, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = sweeps.planned("chance,nearest_centroid,tiny.py:Latent", "sinusoid-10s", (0, 1))
    plan = sweeps.planned("chance,tiny.py:Latent,ridge", "sinusoid-10s,sinusoid-5s", (0, 1))
    monkeypatch.setattr("bench.sweeps.telling._EVERY_S", 0.0)

    def way(job):  # type: ignore[no-untyped-def]
        number = len(stand_in.jobs)
        if number == 1:
            return Failure("gone", "lost")
        if number == 2:
            raise UsageError("not on this machine")
        if number == 3:
            raise KeyboardInterrupt
        if number in range(4, 8):
            raise DataMissing("no server")
        return None

    stand_in.way = way
    telling = Telling(log_of(plan), plan.cells[0])
    for _ in range(2):
        try:
            Worker(plan.folder).work(Share())
        except KeyboardInterrupt:
            continue
    telling.phase("training", 20)
    telling.training(3, 1.5, None, 7.0)
    telling.advance(50)
    events = events_of(plan)
    assert {event.event for event in events} == KINDS
    for kinds, says in TABLE:
        for event in events:
            named = re.findall(r"[a-z_]+", says.partition(":")[0])
            if event.event in kinds.split(", ") and event.cell:
                assert set(event.values) == set(named), event
    assert all(bool(event.cell) == (event.event not in ("started", "stopped")) for event in events)


def test_the_command_prints_events_as_they_were_written(sweeps: Sweeps, stand_in: StandIn, cli: Cli) -> None:
    plan = sweeps.planned("chance", "sinusoid-10s")
    Worker(plan.folder).work(Share())
    for arguments in ((), ("--follow",)):
        done = cli("events", "sweep", *arguments)
        assert done.code == 0 and done.out.splitlines() == [event.line for event in events_of(plan)]
    ended = next(json.loads(line) for line in done.out.splitlines() if '"ended"' in line)
    assert ended["status"] == "ok" and ended["metric"] == "mse" and ended["n"] == 100
