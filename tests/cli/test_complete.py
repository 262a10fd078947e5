"""TAB, as bash asks for it: learners, suites and runs are offered, without torch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from bench.cli import complete
from tests.records.factory import accuracy_scores, store_run

REPOSITORY = Path(__file__).parents[2]
_ASK = """
import sys
from bench.cli.app import app
try:
    app(prog_name="bench")
finally:
    print("torch" in sys.modules, file=sys.stderr)
"""


def offered(line: str, cwd: Path) -> set[str]:
    words = line.split(" ")
    asked = {"_BENCH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **asked},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.split() == ["False"], done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "line, expected",
    [
        ("bench run --algo relne", {"relnet"}),
        ("bench run -a relnet,protone", {"relnet,protonet"}),
        ("bench run -a relnet --suite omniglot-5w", {"omniglot-5w1s", "omniglot-5w5s"}),
        ("bench info mam", {"maml", "mamlpp"}),
    ],
)
def test_names_are_offered(line: str, expected: set[str], tmp_path: Path) -> None:
    assert offered(line, tmp_path) == expected


def test_runs_are_offered_by_their_keys(tmp_path: Path) -> None:
    run = store_run(tmp_path / "runs", accuracy_scores(20))
    assert offered(f"bench show {run.name[:6]}", tmp_path) == {run.name}


def test_nothing_is_offered_where_something_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> dict[str, object]:
        raise RuntimeError("a package of somebody's is broken")

    monkeypatch.setattr("bench.learners.registry.all_learners", broken)
    assert complete.algos("pro") == []


def test_python_lists_the_public_names() -> None:
    assert {"Learner", "load_results", "UsageError"} <= set(dir(bench))
