"""A fourth domain from an installed package: nothing in bench knows of it, and a learner is measured on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.records import RunStore

REPOSITORY = Path(__file__).parents[2]
OUTSIDE = Path(__file__).with_name("outside")

Bench = Callable[..., "subprocess.CompletedProcess[str]"]


def install(site: Path, value: str) -> None:
    """What pip leaves behind of a package that has one entry point of the group."""
    info = site / "coins-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: coins\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[bench.domains]\ncoins = {value}\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages."""
    shutil.copytree(OUTSIDE, tmp_path, dirs_exist_ok=True)
    install(tmp_path, "coins:Estimation")
    return tmp_path


@pytest.fixture
def bench(site: Path) -> Bench:
    """`bench` in a process of its own that finds the package."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(map(str, (REPOSITORY, site)))
        environment = {**os.environ, "PYTHONPATH": path, "BENCH_DATA": str(site / "data")}
        command = [sys.executable, "-m", "bench", *words]
        return subprocess.run(command, cwd=site, env=environment, capture_output=True, text=True, check=False)

    return run


def test_a_learner_is_measured_on_it(bench: Bench, site: Path) -> None:
    done = bench("run", "-a", "shrunk.py:Shrunk", "-s", "coin-6", "--tasks", "tasks.yaml", "--budget", "smoke")
    assert done.returncode == 0, done.stderr
    (stored,) = RunStore(site / "runs").runs()
    record = stored.record
    assert record is not None and record.status == "ok", record
    assert (record.suite.kind, record.suite.pinned, record.protocol.train_way) == ("estimation", False, None)
    (error,) = record.metrics
    assert (error.name, error.unit, error.higher_is_better) == ("error", "chance of heads", False)
    assert 0.05 < error.mean < 0.25, "a guess is wrong by 0.25, six tosses by about 0.11"
    assert record.validation is not None and record.size and record.size.parameters == 1
    shown = bench("show", record.key)
    assert shown.returncode == 0 and "coin-6" in shown.stdout, shown.stderr


def test_it_is_listed_and_explained(bench: Bench) -> None:
    listed = bench("list", "suites", "--tasks", "tasks.yaml", "--json")
    assert {"suite": "coin-6", "metric": "error"}.items() <= json.loads(listed.stdout)[-1].items(), listed.stderr
    facts = json.loads(bench("info", "coin-6", "--tasks", "tasks.yaml", "--json").stdout)
    assert facts["kind"] == "estimation" and facts["metric"] == "error (lower is better)"


def test_its_learners_are_checked_and_the_others_are_not_asked(bench: Bench) -> None:
    done = bench("check", "shrunk.py:Shrunk", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    (task,) = json.loads(done.stdout)["tasks"]
    assert task["task"] == "generated coin"
    states = {check["check"]: check["state"] for check in task["checks"]}
    assert states["batch_is_single"] == states["checkpoint_round_trip"] == "passed"
    assert states["queries_alone"] == states["label_equivariance"] == "skipped"
    assert bench("check", "shrunk.py:Peeking", "--quick").returncode == 1
    words = ("run", "-a", "protonet,maml", "-s", "coin-6", "--tasks", "tasks.yaml", "--budget", "smoke")
    skipped = bench(*words)
    assert skipped.stderr.count("only; the suite asks for estimation") == 2, skipped.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("coins:Missing", "has no attribute 'Missing'"),
        ("coins:CoinTask", "is no bench.domains.Domain"),
        ("bench.domains.images:Images", "gives a domain for 'classification', which there is already"),
    ],
)
def test_an_entry_point_that_gives_no_domain_is_named(bench: Bench, site: Path, value: str, said: str) -> None:
    install(site, value)
    done = bench("list", "suites")
    assert done.returncode == 2 and "Entry point 'coins'" in done.stderr and "Traceback" not in done.stderr
    assert said in done.stderr.replace("\n", " "), done.stderr
