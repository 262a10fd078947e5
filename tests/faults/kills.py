"""Processes that die: a run's own, and the command's."""

from __future__ import annotations

import random
import signal
import subprocess
import time

from tests.faults.trial import STEPS, Row, Tally, Trial, cells, end

_PAUSE = 0.05  # seconds more a training step, so that most kills meet the training


def cell_killed(trial: Trial, times: int, draw: random.Random) -> Row:
    """The process in which the learner trains: by the system when memory runs out, or by somebody."""
    tally = Tally()
    for number in range(times):
        process = trial.start(*trial.words(f"cell{number}"), pause=_PAUSE)
        while process.poll() is None and not cells(process):
            time.sleep(0.01)
        _let_work(trial, process, f"cell{number}", draw)
        for cell in cells(process):
            cell.kill()
        said = process.communicate()[0]
        if process.returncode:
            tally.seen.append(said)
            assert process.returncode == 1 and "SIGKILL" in said and "Traceback" not in said, said
        trial.again(tally, f"cell{number}")
    seen = "exit 1, a `failed` record: “the process was ended by SIGKILL: out of memory, or killed by somebody”"
    how = f"SIGKILL of the cell's process at a random moment ({len(tally.seen)} met it alive), the same command again"
    return tally.row("a run's process is killed", how, seen)


def _let_work(trial: Trial, process: subprocess.Popen[str], runs: str, draw: random.Random) -> None:
    """Until a random moment: mostly of the training, once it has saved its state, sometimes of the start or the end."""
    if draw.random() < 0.3:
        time.sleep(draw.uniform(0, trial.quiet[1]))
        return
    while process.poll() is None and not list((trial.folder / runs).glob("*/*/.training-*/state.safetensors")):
        time.sleep(0.01)
    time.sleep(draw.uniform(0, STEPS * _PAUSE))


def _command_ended(trial: Trial, times: int, draw: random.Random, number: signal.Signals) -> Tally:
    tally = Tally()
    for turn in range(times):
        runs = f"{number.name}{turn}"
        process = trial.start(*trial.words(runs), pause=_PAUSE)
        _let_work(trial, process, runs, draw)
        orphans = cells(process)
        process.send_signal(number)
        end(process)
        for orphan in orphans:
            orphan.wait(30)
        again = trial.again(tally, runs)
        if "continuing at" in again.said:
            tally.seen.append(again.said)
        assert not list((trial.folder / runs).glob("*/*/.training-*")), "the state of a finished training is left"
    return tally


def command_killed(trial: Trial, times: int, draw: random.Random) -> Row:
    """`bench run` itself."""
    tally = _command_ended(trial, times, draw, signal.SIGKILL)
    how = f"SIGKILL at a random moment, the same command again ({len(tally.seen)} continued a training)"
    return tally.row("`bench run` is killed", how, "the shell's “Killed”; the cell dies with it, no record")


def command_terminated(trial: Trial, times: int, draw: random.Random) -> Row:
    """As schedulers do at the end of a time slot."""
    tally = _command_ended(trial, times, draw, signal.SIGTERM)
    how = f"SIGTERM at a random moment, the same command again ({len(tally.seen)} continued a training)"
    return tally.row("`bench run` is terminated", how, "the shell's “Terminated”; the cell dies with it, no record")


def hang(trial: Trial, times: int, draw: random.Random) -> Row:
    """A learner that never comes back, under --timeout."""
    tally = Tally()
    for number in range(times):
        runs, began = f"hang{number}", time.monotonic()
        limit = draw.uniform(2, 4)
        done = trial.type(*trial.words(runs, "--timeout", f"{limit:.1f}"), pause=1000)
        assert done.code == 1 and "--timeout" in done.said, done.said
        assert time.monotonic() - began < limit + 90
        trial.again(tally, runs)
    seen = "exit 1, a `timeout` record: “stopped after 3 s (--timeout)”; other cells go on"
    return tally.row("a learner hangs", "a step that sleeps, `--timeout`, the same command without", seen)
