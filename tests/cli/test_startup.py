"""Light commands stay light: what they import, and how long `bench --help` takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.speed.result import save
from tests.inprocess import finish_here
from tests.speed.made import result

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
    return _names(_spied(cwd, *command))


def _names(done: subprocess.CompletedProcess[str]) -> set[str]:
    return set(done.stderr.splitlines()[-1].removeprefix("imported:").split())


def _spied(cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SPY % (HEAVY,), *command],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "BENCH_DATA": str(cwd / "data")},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A working directory with one finished run."""
    folder = tmp_path_factory.mktemp("work")
    (outcome,) = finish_here(["chance"], "sinusoid-10s", folder / "runs", budget="smoke")
    return folder, outcome.record.key


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert _imported(tmp_path, "--help") == set()


@pytest.mark.parametrize(
    "command",
    [
        *("list", "info protonet", "info glyphs-5w1s", "leaderboard", "leaderboard --format html --write site"),
        *("data status", "doctor", "show"),
    ],
)
def test_reading_commands_import_no_torch(key: tuple[Path, str], command: str) -> None:
    folder, name = key
    words = ["show", name] if command == "show" else command.split()
    assert not {"torch", "datasets", "timm"} & _imported(folder, *words)


def test_a_finished_cell_is_found_without_torch(tmp_path: Path) -> None:
    finish_here(["maml", "chance"], "sinusoid-10s", tmp_path / "runs", budget="smoke", episodes=40)
    command = ("run", "--algo", "maml,chance", "--suite", "sinusoid-10s", "--budget", "smoke", "--episodes", "40")
    done = _spied(tmp_path, *command)
    assert done.stderr.count("(finished before)") == 2 and not {"torch", "datasets", "timm"} & _names(done)


def test_a_finished_run_is_sharpened_without_torch(tmp_path: Path) -> None:
    finish_here(["greedy", "gittins"], "bandit-n10k5", tmp_path / "others", episodes=60)
    finish_here(["ucb1"], "bandit-n10k5", tmp_path / "runs", episodes=30)
    command = ("run", "--algo", "ucb1", "--suite", "bandit-n10k5", "--episodes", "30", "--controls", "others")
    done = _spied(tmp_path, *command)
    assert "sharpened with" in done.stdout and not {"torch", "datasets", "timm"} & _names(done)


def test_two_measurements_of_speed_are_compared_without_torch(tmp_path: Path) -> None:
    save(result(), tmp_path / "a.json")
    assert not {"torch", "datasets", "timm"} & _imported(tmp_path, "speed", "--compare", "a.json", "a.json")


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
