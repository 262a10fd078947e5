"""`--published`: the records that came with bench, whether it runs from a checkout or from an installed wheel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import resources
from bench._version import __version__
from bench.records import default_roots
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, store_run


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an installed wheel keeps the published records: two of them, of one and two; three has a run in ./runs."""
    package = tmp_path / "site-packages" / "bench"
    found = package / "_packaged" / "leaderboards" / "results"
    for seed, name in enumerate(("one", "two")):
        store_run(found, accuracy_scores(seed=seed), algorithm__name=name)
    store_run(tmp_path / "runs", accuracy_scores(seed=2), algorithm__name="three")
    monkeypatch.setattr(resources, "_PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    return found


def names(text: str) -> set[str]:
    return {name for name in ("one", "two", "three") if f'"{name}"' in text}


@pytest.mark.parametrize("command", ["leaderboard --json", "list runs --json"])
def test_a_wheel_shows_its_own_records_and_only_those(command: str, results: Path, cli: Cli) -> None:
    ended = cli(*command.split(), "--published")
    assert ended.code == 0 and names(ended.out) == {"one", "two"}
    assert ended.err == f"2 published records of bench {__version__}: {results}\n"
    assert names(cli(*command.split()).out) == {"one", "two", "three"}


def test_learners_are_compared_and_runs_shown(results: Path, cli: Cli) -> None:
    (suite,) = {path.name for path in results.iterdir() if path.is_dir()}
    (run,) = (results / suite / "one").iterdir()
    assert json.loads(cli("show", run.name, "--published", "--json").out)["path"] == str(run)
    compared = cli("compare", "one", "two", "-s", suite, "--published", "--json")
    assert compared.code == 0 and names(compared.out) == {"one", "two"}
    assert cli("plan", "one", "two", "-s", suite, "--delta", "1", "--published").code == 0
    assert cli("compare", "one", "three", "-s", suite, "--published").code == 2


def test_published_and_runs_exclude_each_other(results: Path, cli: Cli) -> None:
    ended = cli("leaderboard", "--published", "--runs", "runs")
    assert ended.code == 2 and "--published and --runs exclude each other." in ended.err


def test_a_checkout_without_published_records_still_reads_others(results: Path, cli: Cli, tmp_path: Path) -> None:
    results.rename(tmp_path / "elsewhere")
    assert default_roots() == (Path("runs"),)
    ended = cli("leaderboard", "--published")
    assert ended.code == 2 and "No published records came with this bench." in ended.err
