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
    assert "accuracy 0." in lines[run.name] and "wrong shape" in lines[failed.name]
    assert "damaged: " in lines[damaged.name] and "not valid JSON" in lines[damaged.name]


def test_lines_of_a_long_list_are_aligned_and_whole() -> None:
    lines = list(tables.plain_lines(("suite", "why"), [("a", "two\nlines"), ("longer-name", "x" * 300)]))
    assert lines[0].index("why") == lines[1].index("two lines") == lines[2].index("x" * 300) == len("longer-name") + 2
    assert len(lines) == 3


def test_a_record_without_a_training_rate_is_shown(tmp_path: Path, cli: Cli) -> None:
    run = store_run(tmp_path, accuracy_scores(20), timing__train_s=312.4, timing__train_episodes_per_s=None)
    found = cli("show", run.name, "--runs", tmp_path)
    assert found.code == 0 and "312.4 s" in found.out
