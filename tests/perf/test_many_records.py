"""Ten thousand records: what reads them stays quick and small. Limits are three times what is aimed at on two quiet
cores; the figures seen are printed (`pytest -m slow -s tests/perf`)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.records import load_results
from tests.perf.many_records import make

MARGIN = 3


@dataclass(frozen=True)
class Cost:
    seconds: float
    peak_mb: float


def cost(what: str, *command: str) -> Cost:
    """Of a command in a process of its own."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    seen = Cost(time.perf_counter() - began, usage.ru_maxrss / 1024)
    print(f"{what}: {seen.seconds:.2f} s, {seen.peak_mb:.0f} MB")
    return seen


@pytest.fixture(autouse=True)
def memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path_factory.getbasetemp() / "memory"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,000 records with few episodes: lists and frames of results don't read scores."""
    root = tmp_path_factory.mktemp("many") / "results"
    make(root, 10_000, episodes=20)
    time.sleep(2.1)  # a file that was just written is not remembered
    return root


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 rows of three seeds over 2,000 episodes."""
    root = tmp_path_factory.mktemp("official") / "results"
    make(root, 3_000)
    time.sleep(2.1)
    return root


def test_the_generator_makes_what_boards_take(tmp_path: Path) -> None:
    make(tmp_path, 12, episodes=40, suites=4)
    frame = load_results(tmp_path)
    assert set(frame["status"]) == {"ok"} and frame["key"].nunique() == 12 and frame["suite"].nunique() == 4


@pytest.mark.slow
def test_ten_thousand_records_are_listed_and_loaded_at_once(store: Path) -> None:
    frame = f"import bench; assert bench.load_results({str(store)!r})['key'].nunique() == 10_000"
    first = cost("load_results of 10,000, no index", "-c", frame)
    again = cost("load_results of 10,000", "-c", frame)
    listed = cost("bench list runs of 10,000", "-m", "bench", "list", "runs", "--runs", str(store))
    key = load_results(store)["key"].iloc[-1]
    shown = cost("bench show KEY among 10,000", "-m", "bench", "show", key, "--runs", str(store))
    assert again.seconds < 3 * MARGIN and listed.seconds < 1 * MARGIN and shown.seconds < 1.5 * MARGIN
    assert max(first.peak_mb, again.peak_mb, listed.peak_mb, shown.peak_mb) < 500


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_rows_are_a_matter_of_seconds(official: Path, tmp_path: Path) -> None:
    command = ("-m", "bench", "leaderboard", "--write", str(tmp_path), "--results", str(official))
    cold = cost("bench leaderboard --write of 1,000 rows, nothing remembered", *command)
    warm = cost("bench leaderboard --write of 1,000 rows", *command)
    assert cold.seconds < 60 * MARGIN and warm.seconds < 10 * MARGIN
    assert max(cold.peak_mb, warm.peak_mb) < 700


@pytest.mark.slow
def test_scores_of_a_suite_fit(official: Path) -> None:
    code = f"import bench; assert len(bench.load_scores({str(official)!r}, suite='omniglot-5w1s')) > 350_000"
    seen = cost("load_scores of 188 runs", "-c", code)
    assert seen.seconds < 5 * MARGIN and seen.peak_mb < 300
