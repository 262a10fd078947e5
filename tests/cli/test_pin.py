"""`bench pin`: the file gets the hashes and nothing else changes; records that were asked just that say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.records import RunStore
from bench.tasks.registry import find_suite
from tests.conftest import Cli

MINE = """\
# my suites
schema: 1
suites:
  wave:  # sinusoids, few points
    version: 1
    title: "Few points"
    task: {kind: sinusoid, context: 3, target: 20, amplitude: [1, 2], phase: [0, 1], x: [-5, 5]}
    metric: mse  # ranked

  other: {version: 1, title: Other, metric: mse, TASK}
""".replace("TASK", "task: {kind: sinusoid, context: 4, target: 20, amplitude: [1, 2], phase: [0, 1], x: [-5, 5]}")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.yaml"
    file.write_text(MINE)
    return file


def test_a_suite_is_pinned_and_its_runs_with_it(mine: Path, cli: Cli) -> None:
    assert cli("run", "-a", "ridge,chance", "-s", "wave", "--tasks", mine).code == 0
    before = cli("leaderboard")
    assert "unpinned" in before.out
    done = cli("pin", "wave", "--tasks", mine)
    assert done.code == 0 and "2 records below runs" in done.out
    manifest = done.out.split("manifest: ")[1][:64]
    expected = MINE.replace("    version: 1\n", f"    pin: {{manifest: {manifest}}}\n    version: 1\n", 1)
    assert mine.read_text() == expected
    pin = find_suite("wave", mine).pin
    assert pin is not None and pin.manifest == manifest
    assert all(run.record and run.record.suite.pinned for run in RunStore(Path("runs")).runs())
    after = cli("leaderboard")
    assert "unpinned" not in after.out and "ridge" in after.out
    again = cli("run", "-a", "ridge", "-s", "wave", "--tasks", mine)
    assert again.code == 0 and "(finished before)" in again.err


def test_a_pinned_suite_asks_what_it_asked(mine: Path, cli: Cli) -> None:
    assert cli("pin", "wave", "--tasks", mine).code == 0
    twice = cli("pin", "wave", "--tasks", mine)
    assert twice.code == 2 and "pinned already" in twice.err
    mine.write_text(mine.read_text().replace("context: 3", "context: 5"))
    other = cli("run", "-a", "ridge", "-s", "wave", "--tasks", mine)
    assert other.code == 3 and "A released suite never changes" in other.err


def test_a_suite_on_one_line_is_left_to_its_author(mine: Path, cli: Cli) -> None:
    refused = cli("pin", "other", "--tasks", mine)
    assert refused.code == 2 and "Add it yourself: pin: {manifest: " in refused.err and mine.read_text() == MINE


def test_a_suite_of_another_file_is_not_touched(mine: Path, cli: Cli) -> None:
    refused = cli("pin", "sinusoid-10s", "--tasks", mine)
    assert refused.code == 2 and "pinned already" in refused.err and mine.read_text() == MINE
