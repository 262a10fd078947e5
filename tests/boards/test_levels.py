"""How far a row says it has been verified, and that a learner that saw the test classes has no rank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.boards import build_boards, frame, section_tables
from tests.records.factory import accuracy_scores, store_run

SOURCE = "c3" * 32  # the factory's


def _entry(level: str, passed: bool = True, source: str | None = SOURCE) -> dict[str, Any]:
    return {"level": level, "passed": passed} | ({"source_sha256": source} if source else {})


@pytest.mark.parametrize(
    ("histories", "expected"),
    [
        ([[]], "self-reported"),
        ([[_entry("consistent", source=None)]], "consistent"),
        ([[_entry("rescored"), _entry("spot")]], "rescored"),
        ([[_entry("rerun")], [_entry("spot")], [_entry("fresh")]], "spot"),  # the lowest of its runs
        ([[_entry("rerun")], []], "self-reported"),
        ([[_entry("spot"), _entry("spot", passed=False)]], "disputed"),
        ([[_entry("spot", passed=False), _entry("spot")]], "spot"),  # the last outcome decides
        ([[_entry("rescored"), _entry("consistent", passed=False, source=None)]], "disputed"),
        ([[_entry("spot"), _entry("rescored", passed=False, source="ff" * 32)]], "spot"),  # another source's failure
        ([[{"level": "made up", "passed": True}, {"level": "fresh", "passed": "yes"}]], "disputed"),
        ([[{"level": "made up", "passed": True}]], "self-reported"),
    ],
)
def test_the_level_of_a_row(tmp_path: Path, histories: list[list[dict[str, Any]]], expected: str) -> None:
    for seed, history in enumerate(histories):
        store_run(tmp_path, accuracy_scores(2000, seed=seed), seed=seed, verification=history)
    (board,) = build_boards(tmp_path)
    assert {row.verified for row in board.rows} == {expected}
    table = section_tables(board)[0]
    assert {row[table.headers.index("verified")] for row in table.rows} == {expected}
    assert set(frame([board])["verified"]) == {expected}


def test_having_seen_the_test_classes_does_not_pay(tmp_path: Path) -> None:
    external = {"suite__name": "miniimagenet-5w1s", "algorithm__trains": False}
    for name, mean, data in (("clean", 0.7, "MNIST"), ("cleaner", 0.6, "MNIST"), ("peeked", 0.99, "ImageNet-1k")):
        scores = accuracy_scores(2000, mean)
        store_run(tmp_path, scores, algorithm__name=name, protocol__external_data=[data], **external)
    (board,) = build_boards(tmp_path)
    rows = {row.algorithm: row for row in board.section("external data")}
    assert len(rows) == 3 and rows["peeked"].rank is None
    assert "saw test classes" in rows["peeked"].flags  # known of ImageNet, though the record declares it not
    assert [rows[name].rank.rank for name in ("clean", "cleaner") if rows[name].rank] == [1, 2]
