"""One small run that faults happen to, and what became of it: is it there, and has it the scores of a quiet one?"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil
import yaml

from bench.records import Record, RunStore

REPOSITORY = Path(__file__).parents[2]
TINY = REPOSITORY / "tests" / "runs" / "tiny.py"
STEPS = 40  # with 20 checks: the training state is saved after every second step
LIMIT_S = 300.0


@dataclass(frozen=True)
class Row:
    """A line of the table.

    times : how often the fault was injected
    lost : runs that were not there, or not `ok`, after the same command was typed again
    changed : runs whose scores, weights or validation are not those of an undisturbed run
    seen : what a person sees
    """

    fault: str
    how: str
    times: int
    lost: int
    changed: int
    seen: str


@dataclass
class Tally:
    """Counts what becomes of the runs that a fault happened to."""

    times: int = 0
    lost: int = 0
    changed: int = 0
    seen: list[str] = field(default_factory=list)

    def row(self, fault: str, how: str, seen: str) -> Row:
        return Row(fault, how, self.times, self.lost, self.changed, seen)


@dataclass(frozen=True)
class Typed:
    """How a command ended; `said` is both streams."""

    code: int
    said: str

    def __post_init__(self) -> None:
        assert "Traceback" not in self.said, self.said


@dataclass(frozen=True)
class Trial:
    """A folder with a learner that samples while it trains, and `bench` in a process of its own."""

    folder: Path

    @classmethod
    def prepare(cls, folder: Path) -> Trial:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(TINY, folder / "tiny.py")
        recipe = {"steps": STEPS, "batch": 2, "schedule": {"name": "cosine"}, "optimizer": {"lr": 0.01}}
        (folder / "recipes.yaml").write_text(yaml.safe_dump({"latent": {"fast": {"*": recipe}}}))
        return cls(folder)

    def words(self, runs: str, *more: str) -> list[str]:
        return ["run", "-a", "tiny.py:Latent", "-s", "sinusoid-10s", "--episodes", "100", "--runs", runs, *more]

    def start(
        self, *words: str, pause: float = 0.0, more: dict[str, str] | None = None, **options: object
    ) -> subprocess.Popen[str]:
        """`bench WORDS` in the folder, with `more` environment; every training step takes `pause` seconds longer."""
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TINY_PAUSE": str(pause), "OMP_NUM_THREADS": "1"}
        environment |= more or {}
        return subprocess.Popen(
            [sys.executable, "-m", "bench", *words],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,  # type: ignore[call-overload]
        )

    def type(self, *words: str, **options: object) -> Typed:
        process = self.start(*words, **options)
        try:
            said = process.communicate(timeout=LIMIT_S)[0]
        except subprocess.TimeoutExpired:
            for one in (*psutil.Process(process.pid).children(recursive=True), process):
                one.kill()
            raise
        return Typed(process.returncode, said)

    @cached_property
    def quiet(self) -> tuple[Record, float]:
        """The record of an undisturbed run, and the seconds that it took."""
        began = time.monotonic()
        done = self.type(*self.words("undisturbed"))
        assert done.code == 0, done.said
        (stored,) = RunStore(self.folder / "undisturbed").runs()
        assert stored.record is not None
        return stored.record, time.monotonic() - began

    def again(self, tally: Tally, runs: str, *more: str) -> Typed:
        """Type the command once more, now that nothing is in the way, and count what it leaves."""
        done = self.type(*self.words(runs, *more))
        tally.times += 1
        self.judge(tally, self.folder / runs)
        return done

    def judge(self, tally: Tally, runs: Path) -> None:
        expected = self.quiet[0]
        found = [run.record for run in RunStore(runs).runs() if run.record and run.record.status == "ok"]
        tally.lost += not found
        tally.changed += any(
            (record.scores, record.checkpoint, record.validation)
            != (expected.scores, expected.checkpoint, expected.validation)
            for record in found
        )


def cells(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes of cells below a command: each leads a session of its own."""
    with contextlib.suppress(psutil.Error):
        below = psutil.Process(process.pid).children(recursive=True)
        return [child for child in below if _leads(child.pid)]
    return []


def _leads(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def end(process: subprocess.Popen[str]) -> str:
    """Kill it, as far as it lives, and read what it said."""
    if process.poll() is None:
        process.kill()
    return process.communicate(timeout=LIMIT_S)[0]
