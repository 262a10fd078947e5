"""`bench status`: learners x suites, what failed and why."""

from __future__ import annotations

import json

import pytest

from bench.records.lease import lease
from bench.runs.failure import Failure
from bench.sweeps.matrix import Matrix
from bench.sweeps.state import claim_file
from bench.sweeps.telling import Telling
from bench.sweeps.work import Share, Worker
from tests.conftest import Cli
from tests.sweeps.conftest import StandIn, Sweeps, log_of


def test_a_sweep_half_way(sweeps: Sweeps, stand_in: StandIn, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stand_in.way = lambda job: Failure("ValueError: no more ideas") if job.suite.name == "sinusoid-5s" else None
    sweeps.planned("chance", "sinusoid-5s,sinusoid-10s")
    plan = sweeps.planned("tiny.py:Latent", "sinusoid-10s", (0, 1, 2), set={})
    plan = sweeps.plan(*sweeps.planned("chance", "sinusoid-5s,sinusoid-10s", name="x").cells, *plan.cells)
    Worker(plan.folder).work(Share(keys=frozenset(one.key for one in plan.cells[:3])))
    running = plan.cells[3]
    telling = Telling(log_of(plan), running)
    with lease(claim_file(plan, running)):
        telling.tell("claimed", attempt=1)
        telling.phase("training", 200, 100)
        done = cli("status", "sweep")
        asked = cli("status", "sweep", "--json")
    rows = " ".join(done.out.replace("│", " ").replace("┃", " ").split())
    assert done.code == asked.code == 1
    assert "chance (smoke) 1 failed 1 done" in rows and "1 done, 1 running 45%, 1 missing" in rows
    assert "chance on sinusoid-5s: failed: ValueError: no more ideas" in done.out
    assert done.out.splitlines()[-1] == "sweep: 2 done, 1 running, 1 failed, 1 missing"
    assert max(map(len, done.out.splitlines())) <= 80
    found = json.loads(asked.out)
    cells = {(one["algo"], one["suite"], one["seed"]): one for one in found["cells"]}
    assert cells["chance", "sinusoid-5s", None]["reason"] == "ValueError: no more ideas"
    at = cells["latent", "sinusoid-10s", running.request.seed]
    assert (at["state"], at["step"], at["total"], at["phase"]) == ("running", 100, 200, "training")
    assert cells["chance", "sinusoid-10s", None]["metric"] == "mse"


def test_all_is_well(sweeps: Sweeps, stand_in: StandIn, cli: Cli) -> None:
    plan = sweeps.planned("chance", "sinusoid-*")
    before = cli("status", "sweep")
    assert before.code == 0 and "3 missing" in before.out
    Worker(plan.folder).work(Share())
    after = cli("status", str(plan.folder), "--runs", "elsewhere")
    assert after.code == 0 and after.out.endswith("sweep: 3 done\n")
    plan.cancel()
    assert cli("status", "sweep").out.endswith("3 done (cancelled)\n")


def test_what_was_asked_for_tells_rows_apart(sweeps: Sweeps) -> None:
    plain = sweeps.planned("tiny.py:Dropped", "glyphs-5w1s", budget="full", recipe=None)
    wide = sweeps.planned("tiny.py:Dropped", "glyphs-5w1s", set={"width": "16"}, precision="bf16", recipe=None)
    matrix = Matrix(sweeps.plan(*plain.cells, *wide.cells))
    assert matrix.learners == ["dropped", "dropped (smoke, bf16, width=16)"]
    assert matrix.text("dropped", "glyphs-5w1s") == "1 missing" and matrix.text("dropped", "elsewhere") == "-"


def test_no_such_sweep(sweeps: Sweeps, cli: Cli) -> None:
    sweeps.plan(name="wanted")
    for command in (("status",), ("cancel",), ("events",), ("work",)):
        done = cli(*command, "wnated")
        assert done.code == 2 and "Did you mean 'wanted'" in done.err and "Traceback" not in done.err
