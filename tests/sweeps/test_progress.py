"""Where cells are, and when the whole will be done: by hand on small examples."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from bench.sweeps.events import Event
from bench.sweeps.progress import Progress, Where, seconds_left
from bench.sweeps.telling import Telling
from bench.sweeps.watch import Watch
from tests.records.factory import make_record, regression_scores
from tests.sweeps.conftest import Sweeps, cell, log_of

CELLS = [cell("a", 100), cell("b", 100), cell("c", 40)]


def test_before_anything_is_known_estimates_count() -> None:
    assert seconds_left(CELLS, {}, 1) == 240
    assert seconds_left(CELLS, {}, 2) == 120
    assert seconds_left(CELLS, {}, 9) == 100  # no cell is shared
    assert seconds_left([], {}, 3) == 0


def test_what_finished_cells_took_scales_the_others() -> None:
    where = {"a": Where("done", seconds=50)}  # half of what was thought
    assert seconds_left(CELLS, where, 1) == 70
    where["b"] = Where("failed", seconds=150)  # together as thought
    assert seconds_left(CELLS, where, 1) == 40
    assert seconds_left(CELLS, {"a": Where("done")}, 1) == 140  # done before: nothing is known of it


def test_a_running_cells_own_pace_is_not_scaled() -> None:
    began = time.time() - 30
    half = Where("running", phase="training", step=50, total=100, began=began)  # 45 % in 30 s
    where = {"a": Where("done", seconds=1000), "b": half, "c": Where("done")}
    assert seconds_left(CELLS, where, 1) == pytest.approx(30 / 0.45 * 0.55, rel=0.02)


def test_a_continued_cell_has_the_pace_of_this_attempt() -> None:
    began = time.time() - 30
    on = Where("running", phase="training", step=90, total=100, began=began, base=0.9 * 0.8)  # 9 % in 30 s
    assert seconds_left(CELLS[:1], {"a": on}, 1) == pytest.approx(30 / 0.09 * (1 - 0.81), rel=0.02)


def _event(name: str, after: float = 0.0, /, **values: object) -> str:
    stamp = f"2026-11-27T01:00:{after:06.3f}Z"
    return Event(stamp, name, "a", "chance on sinusoid-10s", "n7:42", values).line + "\n"


def test_events_move_a_cell(sweeps: Sweeps) -> None:
    plan = sweeps.plan(CELLS[0])
    (plan.folder / "events").mkdir()
    file = plan.folder / "events" / "w.jsonl"
    progress = Progress(plan)

    def after(*lines: str) -> Where:
        with file.open("a") as out:
            out.write("".join(lines))
        progress.read()
        return progress.cells["a"]

    assert after().stage == "open"
    at = after(_event("claimed", 1, attempt=1), _event("phase", 2, phase="training", total=200, done=100))
    assert (at.stage, at.worker, at.share, at.base) == ("running", "n7:42", 0.45, 0.45)
    at = after(_event("training", 3, step=150, loss=1.0, validation=0.3), _event("training", 4, step=151, loss=0.9))
    assert (at.step, at.loss, at.validation, at.share) == (151, 0.9, 0.3, pytest.approx(0.9 * 151 / 200))
    at = after(_event("phase", 5, phase="evaluation", total=100, done=0), _event("scored", 6, done=50))
    assert at.share == pytest.approx(0.95) and at.base == 0.45
    assert after(_event("retried", 7, kind="lost", reason="gone")).stage == "open"
    at = after(_event("claimed", 8, attempt=2))
    assert (at.stage, at.share, at.base, at.reason) == ("running", 0.0, 0.0, "")
    assert after(_event("note", 9, text="stopped; the same command continues it")).stage == "open"
    assert after(_event("refused", 10, reason="other code")).stage == "open"
    at = after(_event("ended", 11, status="ok", metric="mse", mean=0.25, n=100, seconds=3.5, reason=None))
    assert (at.stage, at.seconds, at.mean) == ("done", 3.5, 0.25)
    assert after(_event("ended", 12, status="failed", reason="why", seconds=1)).stage == "failed"
    assert after(_event("given_up", 13, kind="memory", reason="needs 3 GiB")).reason == "needs 3 GiB"


def _live(log_width: int, sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch, terminal: bool) -> str:
    """What a person sees of a cell that begins, trains and ends."""
    monkeypatch.setattr("bench.sweeps.watch._REDRAW_S", 0.0)
    cells = [cell("a", algo="protonet", suite="omniglot-20w1s", seed=2), *(cell(f"k{i}") for i in range(30))]
    plan, said = sweeps.plan(*cells, name="wanted"), io.StringIO()
    if terminal:
        monkeypatch.setenv("TERM", "xterm")
    console = Console(
        file=said, width=log_width, height=24, force_terminal=terminal, color_system=None, legacy_windows=False
    )
    before = Telling(log_of(plan), plan.cells[1])
    before.note("of an earlier command")
    with Watch(console, plan, 2) as watch:
        telling = Telling(log_of(plan), plan.cells[0])
        telling.tell("claimed", attempt=1)
        telling.phase("training", 2000)
        telling.training(1500, 0.1, 0.9876, 99.0)
        watch.look()
        telling.ended(make_record(regression_scores(20)), 61.0)
        other = Telling(log_of(plan), plan.cells[1])
        other.tell("claimed", attempt=2)
        other.tell("retried", kind="lost", reason="its worker was lost")
        other.tell("refused", reason="other code")
        other.tell("given_up", kind="lost", reason=f"tried 4 times, {'[and] each time ' * 9}")
    return said.getvalue()


def test_plain_lines_where_there_is_no_terminal(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _live(80, sweeps, monkeypatch, terminal=False).splitlines()
    title = "protonet on omniglot-20w1s seed 2"
    assert lines[0].startswith(f"{title}: begun by ") and "(try" not in lines[0]
    assert lines[1] == f"{title}: step 1,500, validation accuracy 98.76 %"
    assert lines[2].startswith(f"{title}: ok, accuracy ") and lines[2].endswith(", 1:01")
    assert lines[3].endswith("(try 2)") and lines[4:] == [
        "chance on sinusoid-10s: to be tried again: its worker was lost",
        "chance on sinusoid-10s: refused: other code",
        f"chance on sinusoid-10s: given up: tried 4 times, {'[and] each time ' * 9}",
    ]


def test_a_live_table_on_a_terminal_of_80_columns(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    text = _live(80, sweeps, monkeypatch, terminal=True)
    frames = text.split("wanted: ")[1:]
    assert "1 running, 30 open, ETA" in frames[0] and "1 done" in frames[-1]
    rows = frames[0].splitlines()
    (row,) = [row for row in rows if "protonet" in row]
    assert row.split("│")[1].strip() == "protonet on omniglot-20w1s seed 2" and len(row) == 80
    assert [text.strip() for text in row.split("│")[2:5]] == ["training", "75%", "validation 98.76 %"]
    assert len(rows) < 24 and "and 15 more" in frames[0]  # it fits, whatever reasons say
    (row,) = [row for row in frames[-1].splitlines() if "failed" in row and "│" in row]
    assert "tried 4 times" in row and len(row) == 80


def test_the_whole_is_told_now_and_then(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.sweeps.watch._REDRAW_S", 0.0)
    monkeypatch.setattr("bench.sweeps.watch._LINE_EVERY_S", 0.0)
    plan, said = sweeps.plan(*CELLS), io.StringIO()
    with Watch(Console(file=said, width=80), plan, 2):
        pass
    assert said.getvalue() == "sweep: 3 open, ETA 2:00\n"


def test_nothing_is_said_twice(sweeps: Sweeps, tmp_path: Path) -> None:
    plan = sweeps.plan(CELLS[0])
    progress = Progress(plan)
    log_of(plan).tell("claimed", "a", "t", attempt=1)
    assert len(progress.read()) == 1 and progress.read() == []
