"""Light commands stay light: what they import, and how long `bench --help` takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "pydantic",
    "yaml",
    "PIL",
    "datasets",
    "timm",
    "psutil",
    "matplotlib",
)
_SPY = """
import runpy, sys
sys.argv = ["bench", *sys.argv[1:]]
try:
    runpy.run_module("bench", run_name="__main__", alter_sys=True)
except SystemExit as left:
    code = left.code
print("\\nimported:", *(name for name in %r if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""


def _imported(cwd: Path, *command: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SPY % (HEAVY,), *command],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "BENCH_DATA": str(cwd / "data")},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].removeprefix("imported:").split())


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A working directory with one finished run."""
    from rich.console import Console

    from bench.runs.job import Settings
    from bench.runs.many import run_all
    from tests.inprocess import resolve_here, run_here

    folder = tmp_path_factory.mktemp("work")
    settings = Settings(budget="smoke", device="cpu", runs=folder / "runs")
    (outcome,) = run_all(resolve_here("chance", "sinusoid-10s", [0], settings), Console(quiet=True), run_here)
    return folder, outcome.record.key


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert _imported(tmp_path, "--help") == set()


@pytest.mark.parametrize("command", ["list", "info protonet", "info glyphs-5w1s", "leaderboard", "data status", "show"])
def test_reading_commands_import_no_torch(key: tuple[Path, str], command: str) -> None:
    folder, name = key
    words = ["show", name] if command == "show" else command.split()
    assert not {"torch", "datasets", "timm"} & _imported(folder, *words)


def test_a_finished_cell_is_found_without_torch(tmp_path: Path) -> None:
    """The second call; the first asked the learner's code in a process of its own."""
    command = ("run", "--algo", "maml,chance", "--suite", "sinusoid-10s", "--budget", "smoke", "--episodes", "40")
    assert not {"torch", "datasets", "timm"} & _imported(tmp_path, *command)
    assert not {"torch", "datasets", "timm"} & _imported(tmp_path, *command)


def test_a_finished_run_is_sharpened_without_torch(tmp_path: Path) -> None:
    others = ("run", "--algo", "greedy,gittins", "--suite", "bandit-n10k5", "--episodes", "60", "--runs", "others")
    command = ("run", "--algo", "ucb1", "--suite", "bandit-n10k5", "--episodes", "30", "--controls", "others")
    _imported(tmp_path, *others)
    _imported(tmp_path, *command)
    assert not {"torch", "datasets", "timm"} & _imported(tmp_path, *command)


def test_importing_bench_imports_nothing_heavy() -> None:
    spy = f"import sys, bench; print(*(name for name in {HEAVY} if name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", spy], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.slow
def test_a_finished_cell_takes_less_than_a_second(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "run", "--algo", "chance", "--suite", "sinusoid-10s", "--budget", "smoke"]
    times = []
    for _ in range(6):
        began = time.perf_counter()
        subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, cwd=tmp_path, capture_output=True, check=True
        )
        times.append(time.perf_counter() - began)
    print(f"bench run of a finished cell: best of five {min(times[1:]):.3f} s; the first time {times[0]:.3f} s")
    assert min(times[1:]) < 1.0


@pytest.mark.slow
def test_help_appears_within_a_third_of_a_second(tmp_path: Path) -> None:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bench", "--help"], cwd=REPOSITORY, capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    print(f"bench --help: best of five {min(times):.3f} s")
    assert min(times) < 0.3
