"""`bench list runs` and `bench show` over stores of any size."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import tables
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, store_run


def test_long_lists_have_a_line_a_run(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MANY", 1)
    run = store_run(tmp_path, accuracy_scores(20), seed=3)
    failed = store_run(tmp_path, None, seed=4)
    damaged = store_run(tmp_path, accuracy_scores(20), seed=5)
    (damaged / "record.json").write_bytes(b"{")
    found = cli("list", "runs", "--runs", tmp_path)
    assert found.code == 0 and "runs (3)" in found.out
    lines = {line.split()[-1]: line for line in found.out.splitlines()}
    assert "accuracy" in lines[run.name] and " ± " in lines[run.name] and "wrong shape" in lines[failed.name]
    assert "damaged" in lines[damaged.name] and "not valid JSON" in lines[damaged.name]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_short_lists_fit_and_keep_scores_and_keys(
    width: int, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    store_run(tmp_path, accuracy_scores(20), seed=3, algorithm__overrides={"flip": True})
    failed = store_run(tmp_path, None, seed=4)
    found = cli("list", "runs", "--runs", tmp_path)
    lines = found.out.splitlines()
    assert all(len(line) <= width for line in lines) and failed.name[:8] in found.out
    (row,) = (line for line in lines if " ± " in line)
    assert "accuracy" in row and (width < 100 or "flip=True" in row)


def test_lines_of_a_long_list_are_aligned_and_whole() -> None:
    lines = list(tables.plain_lines(("suite", "why"), [("a", "two\nlines"), ("longer-name", "x" * 300)]))
    assert lines[0].index("why") == lines[1].index("two lines") == lines[2].index("x" * 300) == len("longer-name") + 2
    assert len(lines) == 3


def test_a_record_without_a_training_rate_is_shown(tmp_path: Path, cli: Cli) -> None:
    run = store_run(tmp_path, accuracy_scores(20), timing__train_s=312.4, timing__train_episodes_per_s=None)
    found = cli("show", run.name, "--runs", tmp_path)
    assert found.code == 0 and "312.4 s" in found.out
