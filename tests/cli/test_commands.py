"""Commands as a person types them: what they print, as a table and as JSON, and what they leave."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from bench._version import __version__
from bench.cli.arguments import split_names
from bench.ranges import parse_seeds
from tests.conftest import Cli
from tests.inprocess import finish_here

RUN = ("run", "--algo", "chance,gp_oracle", "--suite", "sinusoid-10s,gp1d-rbf", "--budget", "smoke", "--device", "cpu")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What RUN leaves."""
    folder = tmp_path_factory.mktemp("made")
    for suite in ("sinusoid-10s", "gp1d-rbf"):
        finish_here(["chance", "gp_oracle"], suite, folder / "runs", budget="smoke")
    return folder


@pytest.fixture
def desk(tmp_path: Path, bench_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_DATA", str(bench_data))
    return tmp_path


@pytest.fixture
def work(made: Path, desk: Path) -> Path:
    """The working directory, with a few runs."""
    shutil.copytree(made / "runs", desk / "runs")
    return desk


def _json(cli: Cli, *command: object) -> Any:
    done = cli(*command, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_every_reading_verb_prints_json(work: Path, cli: Cli) -> None:
    outcomes = _json(cli, *RUN)
    assert [(o["suite"]["name"], o["algorithm"]["name"], o["status"]) for o in outcomes] == [
        ("sinusoid-10s", "chance", "ok"),
        ("sinusoid-10s", "gp_oracle", "skipped"),
        ("gp1d-rbf", "chance", "ok"),
        ("gp1d-rbf", "gp_oracle", "ok"),
    ]
    assert all(outcome["cached"] and Path(outcome["path"]).is_dir() for outcome in outcomes)
    listed = _json(cli, "list")
    assert set(listed) == {"suites", "algos", "runs"}
    assert _json(cli, "list", "suites") == listed["suites"] and _json(cli, "list", "algos") == listed["algos"]
    runs = _json(cli, "list", "runs", "--runs", "runs")
    assert {(run["suite"], run["algo"], run["status"]) for run in runs} == {
        (o["suite"]["name"], o["algorithm"]["name"], o["status"]) for o in outcomes
    }
    assert _json(cli, "info", "protonet")["algo"] == "protonet"
    assert _json(cli, "info", "sinusoid-10s")["suite"] == "sinusoid-10s@1"
    shown = _json(cli, "show", outcomes[0]["key"][:8], "--runs", "runs")
    assert {name: value for name, value in shown.items() if name != "path"} == {
        name: value for name, value in outcomes[0].items() if name not in ("path", "cached", "stored", "sharpened")
    }
    assert {row["name"] for row in _json(cli, "data", "status")["datasets"]} >= {"omniglot", "glyphs"}
    assert isinstance(_json(cli, "leaderboard", "--runs", "runs"), list)
    (plan,) = _json(cli, "run", "--algo", "protonet", "--suite", "glyphs-5w1s", "--dry-run")
    assert plan["recipe"]["name"] == "fast" and not (work / "runs" / "glyphs-5w1s").exists()


def test_doctor_prints_json_and_names_what_is_there(desk: Path, cli: Cli) -> None:
    done = cli("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(done.out)}
    assert findings["torch"]["state"] == "ok" and findings["data: glyphs"]["found"] == "prepared"
    assert findings["data: omniglot"]["fix"] == "bench data fetch omniglot"
    assert done.code == int(any(finding["state"] == "broken" for finding in findings.values()))


def test_doctor_asks_torch_for_its_device_when_it_is_to_look_deep(desk: Path, cli: Cli) -> None:
    shallow, deep = (
        {finding["check"]: finding["found"] for finding in json.loads(cli("doctor", "--json", *words).out)}
        for words in ((), ("--deep",))
    )
    assert "threads" in deep["device"] and "threads" not in shallow["device"] and "cores" in shallow["device"]


def test_data_goes_to_stdout_and_talk_to_stderr(work: Path, cli: Cli) -> None:
    done = cli(*RUN, "--force")
    assert "evaluation, 100" in done.err and "evaluation" not in done.out
    assert done.out.splitlines()[-1].startswith("bench show runs/gp1d-rbf/gp_oracle/")
    shown = cli(*done.out.splitlines()[-1].split()[1:])
    assert shown.code == 0 and "loglik" in shown.out and "gp_oracle" in shown.out


def test_the_version(cli: Cli) -> None:
    assert cli("--version").out == f"bench {__version__}\n"


@pytest.mark.parametrize(
    ("text", "seeds"), [("0", [0]), ("0-2", [0, 1, 2]), ("3,0-1, 1", [0, 1, 3]), ("7-7", [7]), ("10,2", [2, 10])]
)
def test_seeds(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


def test_names_keep_their_order() -> None:
    assert split_names(" b,a,,b ") == ["b", "a"]


def test_a_short_run_is_sharpened_by_others(desk: Path, cli: Cli) -> None:
    finish_here(["greedy", "gittins"], "bandit-n10k5", desk / "others", episodes=600)
    short = ("run", "-a", "ucb1", "-s", "bandit-n10k5", "--episodes", "100", "--device", "cpu", "--controls", "others")
    done = cli(*short)
    *_, line, last = done.out.splitlines()
    assert re.fullmatch(r"ucb1 on bandit-n10k5: plain .* ± .*; sharpened with .* over 600 episodes: .* ± .*", line), (
        done.out
    )
    assert last.startswith("bench show ")
    (found,) = json.loads(cli(*short, "--json").out)
    assert found["cached"] and set(found["sharpened"]["controls"]) == {"greedy", "gittins"}
    assert found["sharpened"]["plain"]["mean"] == pytest.approx(found["metrics"][0]["mean"])
    (alone,) = json.loads(cli(*short[:-1], desk / "nothing", "--json").out)
    assert alone["sharpened"] is None
