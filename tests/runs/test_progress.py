"""Plain lines where there is no terminal: step, loss, validation score, speed and the time that is left."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from bench.runs.progress import Display, duration
from tests.runs.conftest import Workshop


def test_a_run_says_what_it_does(workshop: Workshop) -> None:
    workshop.recipe("Dropped", steps=40, batch=2)
    workshop.run("Dropped", "glyphs-5w1s", budget="full", episodes=100)
    lines = workshop.said.getvalue().splitlines()
    assert lines[0] == "dropped on glyphs-5w1s seed 0: training, 40"
    pattern = (
        r"dropped on glyphs-5w1s seed 0: training \d+/40, loss \d+\.\d{4}, validation accuracy \d+\.\d\d %, "
        r"[\d,.e+]+ episodes/s, ETA \d+:\d\d"
    )
    checks = [line for line in lines if re.fullmatch(pattern, line)]
    assert len(checks) == 20  # one a validation check
    assert checks[-1].startswith("dropped on glyphs-5w1s seed 0: training 40/40") and checks[-1].endswith("ETA 0:00")
    assert lines[21] == "dropped on glyphs-5w1s seed 0: evaluation, 100"
    assert re.fullmatch(r"\[1/1\] dropped on .*: accuracy \d+\.\d\d % over 100 episodes", lines[-1])
    assert not any("\x1b" in line for line in lines)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_lines_come_every_quarter_minute_and_at_every_check(clock: list[float]) -> None:
    out = io.StringIO()
    with Display(Console(file=out, width=200), "it", "accuracy {:.1%}".format) as display:
        display.phase("training", 100)
        for step in range(1, 101):
            clock[0] += 1
            display.training(step, 1.0, 0.5 if step == 50 else None, 3.0)
    steps = [int(found) for found in re.findall(r"training (\d+)/100", out.getvalue())]
    assert steps == [15, 30, 45, 50, 65, 80, 95]
    before, after = out.getvalue().splitlines()[3:5]
    assert "validation" not in before and "validation accuracy 50.0%" in after
    assert out.getvalue().splitlines()[-1].endswith("validation accuracy 50.0%, 3 episodes/s, ETA 0:05")


def test_the_time_left_counts_this_attempt_only(clock: list[float]) -> None:
    out = io.StringIO()
    with Display(Console(file=out, width=200), "it", "mse {:.4f}".format) as display:
        display.phase("training", 1_000, 900)
        clock[0] += 20
        display.training(910, 0.5, None, 1234.0)  # ten steps took twenty seconds, ninety are left
    assert out.getvalue().splitlines() == [
        "it: training, 1,000, continuing at 900",
        "it: training 910/1,000, loss 0.5000, 1,234 episodes/s, ETA 3:00",
    ]


@pytest.mark.parametrize(("kind", "live"), [("xterm", True), ("dumb", False)])
def test_a_terminal_that_can_redraw_gets_a_live_display(monkeypatch: pytest.MonkeyPatch, kind: str, live: bool) -> None:
    monkeypatch.setenv("TERM", kind)
    out = io.StringIO()
    with Display(
        Console(file=out, width=100, force_terminal=True, no_color=True), "it", "accuracy {:.1%}".format
    ) as display:
        display.phase("training", 10)
        display.training(5, 0.25, 0.75, 2.0)
        display._live.refresh()
        shown = out.getvalue()
    assert ("5/10 loss 0.2500, validation accuracy 75.0%, 2 episodes/s" in shown) == live
    assert ("it: training 5/10, loss 0.2500" in shown) != live


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3661, "1:01:01")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
