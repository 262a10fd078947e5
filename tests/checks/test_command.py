"""`bench check` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checks import cheats
from tests.conftest import Cli


def test_a_baseline_is_checked_on_both_kinds_of_task(cli: Cli) -> None:
    done = cli("check", "maml", "--quick", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["passed"] and found["options"]["norm"] == "support"
    assert (found["family"], found["domains"]) == ("optimization", ["classification", "regression"])
    assert [task["task"] for task in found["tasks"]] == ["generated classification", "generated regression"]
    alone = next(check for check in found["tasks"][0]["checks"] if check["check"] == "queries_alone")
    assert alone["state"] == "passed" and alone["measured"] <= alone["limit"] == 1e-6


def test_an_explorer_is_checked_in_both_environments(cli: Cli) -> None:
    done = cli("check", f"{cheats.__file__}:HonestExplorer", "--json")
    assert done.code == 0
    assert [task["task"] for task in json.loads(done.out)["tasks"]] == ["generated bandit", "generated mdp"]
    watched = cli("check", f"{cheats.__file__}:WatchesOtherTrials", "--suite", "mdp-n10", "--quick")
    assert watched.code == 1 and "other_episodes_swapped" in watched.out


def test_a_leak_exits_with_1_and_is_in_the_table(cli: Cli) -> None:
    done = cli("check", f"{cheats.__file__}:InductiveRelationNet", "--set", "norm=batch", "--quick")
    assert done.code == 1 and "Traceback" not in done.err
    (line,) = [line for line in done.out.splitlines() if "queries_alone" in line]
    assert "failed" in line and "1e-06" in line
    assert "family metric, does classification\n" in done.out and "regression" not in done.out, "it claims no other"


def test_a_claim_that_is_refused_is_reported(cli: Cli) -> None:
    done = cli("check", "ucb1", "--quick")
    assert done.code == 0 and "not on generated mdp: counts the rewards of arms" in done.out
    assert "classification" not in done.out


def test_a_humble_declaration_is_remarked_on(cli: Cli) -> None:
    done = cli("check", f"{cheats.__file__}:DeclaredTransductive", "--quick")
    assert "declared transductive, behaves inductively" in done.out


def test_a_suite_gives_the_shapes(cli: Cli, bench_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    assert cli("check", "nearest_centroid", "--suite", "glyphs-20w1s", "--quick").code == 0
    skipped = cli("check", "nearest_centroid", "--suite", "sinusoid-10s")
    assert skipped.code == 2 and "does classification only" in skipped.err


@pytest.mark.parametrize("wrong", [("relnt",), ("relnet", "--set", "nrm=batch"), ("relnet", "--suite", "glyphs")])
def test_mistakes_are_usage_errors(cli: Cli, wrong: tuple[str, ...]) -> None:
    done = cli("check", *wrong)
    assert done.code == 2 and "Did you mean" in done.err
