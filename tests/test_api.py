"""bench in Python: the same runs, comparisons and boards as the command line has, as objects that print themselves."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import bench
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, store_run


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two learners with official runs of one seed each."""
    for name, mean, seed in (("protonet", 0.9, 1), ("relnet", 0.8, 2)):
        store_run(tmp_path, accuracy_scores(mean=mean, seed=seed), algorithm__name=name)
    return tmp_path


def test_a_run_is_that_of_the_command_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = {"seeds": "0-1", "budget": "smoke", "options": {"temperature": 8}, "train": {"steps": 3, "lr": 1e-3}}
    results = bench.run("protonet", "glyphs-5w1s", **asked, quiet=True)  # type: ignore[arg-type]
    assert [record.seed for record in results.records] == [0, 1] and len(results) == 2
    assert all(record.status == "ok" for record in results.records)
    typed = cli(*shlex.split(results.records[1].command)[1:], "--json")
    (again,) = json.loads(typed.out)
    assert again["cached"] and again["key"] == results.records[1].key

    frame = results.to_pandas()
    assert list(frame["key"]) == [record.key for record in results.records]
    assert list(frame["mean"]) == [record.metrics[0].mean for record in results.records]
    text = repr(results)
    assert text.count("protonet") == 2 and "accuracy, %" in text and max(map(len, text.splitlines())) <= 100
    assert "<table" in results._repr_html_()


def test_a_learner_without_training_runs_once_whatever_the_seeds(tmp_path: Path) -> None:
    results = bench.run("chance", "sinusoid-10s", seeds=[0, 1, 2], budget="smoke", runs=tmp_path, quiet=True)
    assert len(results) == 1 and results.records[0].seed is None


def test_a_failure_is_a_result_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        'import bench\n\n\nclass Broken(bench.Learner):\n    family = "reference"\n    trains = False\n\n'
        '    def predict(self, support_x, support_y, query_x):\n        raise ArithmeticError("no idea")\n'
    )
    learner = f"{tmp_path / 'broken.py'}:Broken"
    (outcome,) = bench.run(learner, "glyphs-5w1s", budget="smoke", runs=tmp_path / "runs", quiet=True)
    assert outcome.status == "failed" and "no idea" in outcome.reason
    again = bench.run(learner, "glyphs-5w1s", budget="smoke", runs=tmp_path / "runs", quiet=True)
    assert "no idea" in repr(again) and again.to_pandas()["status"].tolist() == ["failed"]


def test_what_can_not_be_meant_is_a_usage_error(tmp_path: Path) -> None:
    for asked in ({"train": {"stepz": 3}}, {"options": {"temp": 3}}, {"recipe": "quick"}):
        with pytest.raises(bench.UsageError):
            bench.run("protonet", "glyphs-5w1s", runs=tmp_path, quiet=True, **asked)  # type: ignore[arg-type]
    with pytest.raises(bench.UsageError, match="protonet"):
        bench.run("protonett", "glyphs-5w1s", runs=tmp_path, quiet=True)


def test_a_comparison_says_what_the_command_says(cli: Cli, store: Path) -> None:
    found = bench.compare("protonet", "relnet", suite="glyphs-5w1s", runs=store)
    typed = cli("compare", "protonet", "relnet", "-s", "glyphs-5w1s", "--runs", store, "--csv")
    assert found.to_pandas().to_csv(index=False, lineterminator="\n") == typed.out
    shown = cli("compare", "protonet", "relnet", "-s", "glyphs-5w1s", "--runs", store).out
    assert [line.rstrip() for line in shown.splitlines() if line.strip()] == [
        line for line in repr(found).splitlines() if line
    ]
    assert "protonet" in found._repr_html_()


def test_a_leaderboard_says_what_the_command_says(cli: Cli, store: Path) -> None:
    found = bench.leaderboard(runs=store)
    typed = cli("leaderboard", "--runs", store, "--format", "csv")
    assert found.to_pandas().to_csv(index=False, lineterminator="\n") == typed.out
    shown = cli("leaderboard", "--runs", store).out
    assert [line.rstrip() for line in shown.splitlines() if line.strip()] == [
        line for line in repr(found).splitlines() if line
    ]
    assert len(found) == 1 and repr(found["glyphs-5w1s"]) == repr(found) == repr(next(iter(found)))
    assert found._repr_html_() == cli("leaderboard", "--runs", store, "--format", "html").out
    with pytest.raises(bench.UsageError, match="glyphs-5w1s"):
        found["glyphs-5w1"]
    assert bench.leaderboard("glyphs-5w1s", runs=[store]).boards == found.boards


def test_reading_loads_no_torch(store: Path) -> None:
    code = (
        "import sys, bench\n"
        f"bench.leaderboard(runs={str(store)!r})._repr_html_()\n"
        f"repr(bench.compare('protonet', 'relnet', suite='glyphs-5w1s', runs={str(store)!r}))\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
