"""However a learner ends or spoils its process: a record says how, the other cells go on, nothing is left over."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.records import Record, RunStore
from tests.conftest import Cli, Finished

ENDER = Path(__file__).with_name("ender.py")
MOMENTS = ("import", "skip", "constructor", "configure_optimizer", "train_step", "predict")
EXITS = {
    "sys.exit": "the learner's code left the process: sys.exit(0)",
    "os._exit 0": "the learner's code ended the process (exit code 0)",
    "kill": "the process was ended by SIGKILL: out of memory, or killed by somebody",
}
ENDINGS = {
    **EXITS,
    "sys.exit text": "the learner's code left the process: sys.exit('enough')",
    "os._exit 3": "the learner's code ended the process (exit code 3)",
    "segv": "the process was ended by SIGSEGV",
    "abort": "the process was ended by SIGABRT",
    "SystemExit": "the learner's code left the process: sys.exit(None)",
    "KeyboardInterrupt": "the learner's code raised KeyboardInterrupt",
    "BaseException": "Beyond: far beyond",
    "RuntimeError": "RuntimeError: no more ideas",
    "MemoryError": "MemoryError",
    "recursion": "RecursionError: maximum recursion depth exceeded",
    "wordless": "Wordless: (its text can't be had: RuntimeError)",
    "enormous": "RuntimeError: eee",
    "control": "RuntimeError: \\x1b[2J\\udc80\\x00 red",
    "UsageError": "wrong width",
    "close": "the learner's code closed the pipe",
    "scribble": "the learner's code wrote into the pipe",
    "json": "what the process wrote can't be read",
    "fork": "the learner forked the process, and the copy returned into the harness",
    "thread": "the learner left 1 thread(s) at work: sleeper",
    "grad": "RuntimeError: element 0 of tensors does not require grad",
}
HARMLESS = ("daemon thread", "session", "daemonise", "chdir", "silence", "signals", "nothing")
# By default each of these ways at two moments, and each moment in one way.
DIAGONAL = {*zip([*EXITS, *EXITS], MOMENTS, strict=True)}
# Their like is among the others: an exception of the learner's, a signal.
ALIKE = ("sys.exit text", "SystemExit", "MemoryError", "abort")


def by_default(usual: bool, *values: str) -> Any:
    return pytest.param(*values, marks=() if usual else pytest.mark.slow)


@dataclass(frozen=True)
class Ended:
    """How a command of two cells ended: the spoilt one's record, and what is beside it."""

    command: Finished
    ender: Record
    folder: Path


QUIET = ("--suite", "sinusoid-10s", "--budget", "smoke", "--episodes", "40", "--device", "cpu")


@pytest.fixture
def end(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch):
    """Run the ender beside a learner that behaves, and see that nothing else suffered."""
    shutil.copy(ENDER, tmp_path / "ender.py")

    def run(way: str, moment: str, *arguments: str) -> Ended:
        monkeypatch.setenv("ENDER_WAY", way)
        monkeypatch.setenv("ENDER_MOMENT", moment)
        monkeypatch.chdir(tmp_path)
        done = cli("run", *QUIET, "--algo", "ender.py:Ender,chance", *arguments)
        ender, chance = _records(tmp_path, "ender", "chance")
        assert chance.status == "ok" and "chance" in done.out.split("bench show")[0], done.err
        assert "Traceback" not in done.err
        assert _leftovers(tmp_path / "runs") == []
        assert _grandchildren() == []
        return Ended(done, ender, tmp_path)

    return run


def _records(folder: Path, *names: str) -> list[Record]:
    found = {run.place[1]: run.record for run in RunStore(folder / "runs").runs()}
    assert set(found) == set(names)
    return [record for name in names if (record := found[name])]


def _leftovers(runs: Path) -> list[str]:
    """What a run leaves while it is made; the folder of a training that can go on may stay."""
    beside = [path for path in runs.glob("*/*/.*") if not (path / "state.safetensors").is_file()]
    return [path.name for path in beside]


def _grandchildren() -> list[psutil.Process]:
    """Processes below the server that cells are forked from."""
    return [below for child in psutil.Process().children() for below in child.children(recursive=True)]


def _check_failed(ended: Ended, reason: str) -> None:
    record = ended.ender
    assert (ended.command.code, record.status) == (1, "failed")
    assert record.reason is not None and reason in record.reason and len(record.reason) < 1100
    assert len(record.model_dump_json()) < 20_000
    assert reason.partition("\n")[0][:40] in ended.command.err
    assert record.scores is None or "thread" in reason


@pytest.mark.parametrize(
    ("way", "moment"), [by_default((way, at) in DIAGONAL, way, at) for way in EXITS for at in MOMENTS]
)
def test_a_process_that_ends_anywhere(end, way: str, moment: str) -> None:
    _check_failed(end(way, moment), EXITS[way])


@pytest.mark.parametrize("way", [by_default(way not in ALIKE, way) for way in ENDINGS if way not in EXITS])
def test_every_way_of_ending(end, way: str) -> None:
    _check_failed(end(way, "train_step"), ENDINGS[way])


@pytest.mark.slow
@pytest.mark.parametrize("moment", [moment for moment in MOMENTS if moment not in ("import", "train_step")])
@pytest.mark.parametrize("way", [way for way in ENDINGS if way not in (*EXITS, "thread", "grad", "fork", "json")])
def test_every_way_of_ending_anywhere(end, moment: str, way: str) -> None:
    if (way, moment) == ("UsageError", "skip"):
        pytest.skip("a mistake that is told before anything is computed")
    _check_failed(end(way, moment), ENDINGS[way])


@pytest.mark.parametrize("moment", ["constructor", "predict"])
def test_a_copy_of_the_process_that_returns(end, moment: str) -> None:
    _check_failed(end("fork", moment), ENDINGS["fork"])


@pytest.mark.parametrize("moment", ["import", "train_step"])
def test_a_hang(end, cli: Cli, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cli("run", *QUIET, "--algo", "chance")  # finished before, so that the limit is the hanging cell's alone
    ended = end("hang", moment, "--timeout", "5")
    assert ended.command.code == 1
    assert (ended.ender.status, ended.ender.reason) == ("timeout", "stopped after 5 s (--timeout)")


@pytest.mark.parametrize("way", [*HARMLESS, by_default(False, "print"), by_default(False, "subprocess")])
def test_what_does_no_harm(end, way: str) -> None:
    ended = end(way, "train_step")
    assert (ended.command.code, ended.ender.status) == (0, "ok"), ended.command.err


@pytest.mark.parametrize("moment", ["import", by_default(False, "constructor"), "predict"])
def test_another_folder_is_the_learners_own(end, moment: str) -> None:
    ended = end("chdir", moment)
    assert (ended.command.code, ended.ender.status) == (0, "ok"), ended.command.err


@pytest.mark.parametrize("way", ["dtype", "sleeping copy", "print"])
def test_what_a_prediction_changes_or_leaves(end, way: str) -> None:
    ended = end(way, "predict")
    assert (ended.command.code, ended.ender.status) == (0, "ok"), ended.command.err


def test_torch_taken_to_pieces(end) -> None:
    ended = end("torch", "configure_optimizer")
    _check_failed(ended, "TypeError: 'NoneType' object is not callable")


def test_the_traceback_is_kept_and_shown_on_request(end, cli: Cli) -> None:
    ended = end("RuntimeError", "train_step")
    trace = ended.ender.traceback
    assert trace is not None and "ender.py" in trace and trace.rstrip().endswith("RuntimeError: no more ideas")
    assert "ender.py" in ended.command.err and "training/loop.py" not in ended.command.err
    shown = cli("show", ended.ender.key, "--runs", ended.folder / "runs")
    assert shown.code == 0 and "Traceback" not in shown.out
    assert cli("show", ended.ender.key, "--runs", ended.folder / "runs", "--traceback").out.rstrip() == trace.rstrip()


def test_what_a_learner_prints_stays_out_of_the_json(tmp_path: Path) -> None:
    shutil.copy(ENDER, tmp_path / "ender.py")
    cells = ("--algo", "ender.py:Ender,chance", "--suite", "sinusoid-10s", "--budget", "smoke", "--episodes", "40")
    done = subprocess.run(
        [sys.executable, "-m", "bench", "run", *cells, "--device", "cpu", "--json"],
        env={**os.environ, "ENDER_WAY": "print", "ENDER_MOMENT": "predict"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [cell["status"] for cell in json.loads(done.stdout)] == ["ok", "ok"]
    assert "xxxx" in done.stderr and "raw" in done.stderr
