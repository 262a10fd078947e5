"""Plans: what is asked for becomes cells, and a file that only grows."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from bench.errors import StoreError, UsageError
from bench.runs.environment import machine
from bench.sweeps.costs import Costs
from bench.sweeps.plan import Plan, Request, find_plan, load_plan, sweep_folder
from bench.sweeps.planning import learners_named, plan_cells, suites_named
from bench.sweeps.sweepfile import Entry
from tests.conftest import Cli
from tests.sweeps.conftest import Sweeps, cell

SWEEP = ("sweep", "--algos", "chance", "--suites", "sinusoid-5s,sinusoid-10s", "--budget", "smoke", "--device", "cpu")


def test_a_plan_comes_back_as_it_was_saved(sweeps: Sweeps) -> None:
    one = cell("k1", seed=3, set={"width": "8"}, precision="bf16", algo="maml", recipe="fast")
    plan = sweeps.plan(
        one, cell("k2"), command="bench sweep x", tasks_file=Path("/t.yaml"), timeout=9.5, again_since="2"
    )
    assert load_plan(plan.folder) == plan and plan.name == "sweep" and plan.runs == sweeps.runs
    assert not list(plan.folder.glob(".tmp*"))


def test_joined_plans_keep_their_cells_and_changed_code_changes_keys(sweeps: Sweeps) -> None:
    earlier = sweeps.plan(cell("old", seed=0), cell("other", suite="sinusoid-5s"), again_since="2026-01-02")
    later = dataclasses.replace(earlier, cells=(cell("new", seed=0), cell("more", seed=1)), again_since="")
    joined = later.joined(earlier)
    assert [one.key for one in joined.cells] == ["new", "other", "more"] and joined.again_since == "2026-01-02"
    assert later.joined(None) == later


SCHEMA = '"schema": "bench.sweep/1"'
TORN = ["", "{", "[]", "null", '{"schema": "bench.sweep/9"}', f"{{{SCHEMA}}}", f'{{{SCHEMA}, "cells": ["a"]}}']


@pytest.mark.parametrize("content", TORN)
def test_a_damaged_plan_is_named_with_a_remedy_that_works(sweeps: Sweeps, cli: Cli, content: str) -> None:
    file = sweeps.plan(cell()).folder / "plan.json"
    file.write_text(content)
    with pytest.raises(StoreError, match="is not a readable plan"):
        load_plan(file.parent)
    done = cli(*SWEEP, "--dry-run")
    assert done.code == 1 and "remove it; the command that made it makes it again" in done.err
    file.unlink()
    assert cli(*SWEEP, "--dry-run").code == 0


def test_sweeps_are_found_by_name_or_folder_and_near_names_are_named(sweeps: Sweeps) -> None:
    plan = sweeps.plan(cell(), name="wanted")
    assert find_plan("wanted", sweeps.runs) == find_plan(str(plan.folder), Path("elsewhere")) == plan
    with pytest.raises(UsageError, match="Did you mean 'wanted'"):
        find_plan("wantde", sweeps.runs)
    for name in ("../x", "", "a b", ".hidden"):
        with pytest.raises(UsageError, match="can't name a sweep"):
            sweep_folder(sweeps.runs, name)


def test_names_patterns_and_all() -> None:
    assert suites_named(["sinusoid-*"], None) == ["sinusoid-5s", "sinusoid-10s", "sinusoid-20s"]
    assert learners_named(["maml", "n?"]) == ["maml", "np"] and len(learners_named(["all"])) > 20
    with pytest.raises(UsageError, match="Did you mean 'maml'"):
        learners_named(["mmal"])
    with pytest.raises(UsageError, match="suite 'omni-"):
        suites_named(["omni-*"], None)


def test_cells_of_entries_each_once_without_those_that_dont_fit(sweeps: Sweeps) -> None:
    entries = [Entry(algo="chance,gittins,tiny.py:Latent", suite="sinusoid-10s", seeds="0-1", budget="smoke")]
    entries += [Entry(algo="chance", suite="sinusoid-*", budget="smoke", why="once more"), *entries]
    planned = plan_cells(entries, sweeps.runs, None, None, Costs([], machine().hardware_class))
    titles = [one.title for one in planned.cells]
    assert titles[:3] == ["chance on sinusoid-10s", "latent on sinusoid-10s seed 0", "latent on sinusoid-10s seed 1"]
    assert len(titles) == len(set(titles)) == 5 and ("gittins", "sinusoid-10s") in planned.skipped
    assert planned.cells[1].request.algo == f"{sweeps.folder}/tiny.py:Latent"  # wherever a worker stands
    with pytest.raises(UsageError, match="None of these learners"):
        plan_cells([Entry(algo="gittins", suite="sinusoid-5s")], sweeps.runs, None, None, Costs([], ""))


def test_what_has_no_data_here_is_left_out_and_said(sweeps: Sweeps, cli: Cli) -> None:
    command = ("sweep", "-a", "chance", "-s", "miniimagenet-5w1s,sinusoid-5s", "--budget", "smoke", "--dry-run")
    done = cli(*command)
    assert done.code == 0 and "left out, chance on miniimagenet-5w1s" in done.err and "1 cells" in done.out
    alone = cli("sweep", "-a", "chance", "-s", "miniimagenet-5w1s", "--dry-run")
    assert alone.code == 1 and "miniimagenet" in alone.err


@pytest.mark.parametrize("width", [80, 100])
def test_a_dry_run_shows_cells_longest_first_and_writes_nothing(
    sweeps: Sweeps, cli: Cli, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = cli("sweep", "-a", "chance,maml", "-s", "sinusoid-*", "--seeds", "0-1", "--dry-run", "--workers", "4")
    assert done.code == 0 and "9 cells, 9 to be done" in done.out and "4 at once" in done.out
    assert max(map(len, done.out.splitlines()[:-1])) <= width and "…" not in done.out
    assert done.out.index("maml on") < done.out.index("chance on")
    assert not (sweeps.runs / ".sweeps").exists()


def test_the_same_as_json(sweeps: Sweeps, cli: Cli) -> None:
    done = cli("sweep", "-a", "chance,maml", "-s", "sinusoid-*", "--dry-run", "--workers", "2", "--json")
    found = json.loads(done.out)
    seconds = [one["seconds"] for one in found["cells"]]
    assert seconds == sorted(seconds, reverse=True) and sum(seconds) == pytest.approx(found["seconds"], abs=0.1)
    assert max(max(seconds), sum(seconds) / 2) == pytest.approx(found["wall_seconds"], abs=0.1)
    assert {one["state"] for one in found["cells"]} == {"open"} and found["workers"] == 2


def test_cancelling_is_a_mark_that_the_next_command_takes_away(sweeps: Sweeps) -> None:
    plan: Plan = sweeps.plan(cell())
    assert not plan.cancelled
    plan.cancel()
    assert plan.cancelled and load_plan(plan.folder).cancelled
    plan.revive()
    plan.revive()
    assert not plan.cancelled


def test_a_cell_names_the_command_that_makes_it_by_itself() -> None:
    plain = Request("maml", "sinusoid-10s", 3)
    assert plain.command == "bench run --algo maml --suite sinusoid-10s --seeds 3"
    asked = Request(
        "a b.py:C", "s", None, recipe="fast", budget="short", episodes=50, set={"lr": "0.1"}, configs_tried=4
    )
    assert asked.command == (
        "bench run --algo 'a b.py:C' --suite s --recipe fast --budget short --episodes 50"
        " --configs-tried 4 --set lr=0.1"
    )
