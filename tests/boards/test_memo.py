"""Boards with a memory, with an empty one and without: the same bytes, and never a number of other scores."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.boards import Board, build_boards
from bench.boards.board import memo as memory
from bench.boards.board import numbers
from bench.boards.board.memo import Memo
from bench.boards.render.pages import check, write
from bench.records import unchanged
from bench.resources import repository
from bench.stats import Interval
from tests.records.factory import accuracy_scores, store_run


@pytest.fixture(autouse=True)
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written count as settled, and the memory is this test's own."""
    monkeypatch.setattr(unchanged, "_GRAIN_NS", 0)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "memory"))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The rows whose numbers are computed."""
    rows: list[object] = []
    original = numbers._row_numbers

    def noted(runs: object, *rest: object) -> object:
        rows.append(runs)
        return original(runs, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(numbers, "_row_numbers", noted)
    return rows


def pages_of(results: Path, directory: Path) -> dict[str, bytes]:
    write(directory, results)
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def same_with_and_without(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = pages_of(results, tmp_path / "first"), pages_of(results, tmp_path / "again")
    monkeypatch.setenv("BENCH_CACHE", "off")
    assert pages_of(results, tmp_path / "without") == first == again


def test_pages_are_the_same_with_and_without_a_memory(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same_with_and_without(results, tmp_path, monkeypatch)


@pytest.mark.slow
def test_published_pages_are_the_same_with_and_without_a_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = repository()
    assert checkout is not None
    same_with_and_without(checkout / "leaderboards" / "results", tmp_path, monkeypatch)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "memory"))
    check(checkout / "leaderboards", checkout / "leaderboards" / "results")


def test_boards_are_equal_and_computed_once(results: Path, computed: list[object]) -> None:
    first = build_boards(results)
    assert len(computed) == sum(len(board.rows) for board in first)
    computed.clear()
    assert build_boards(results) == first and not computed


def test_other_scores_are_other_numbers(tmp_path: Path, computed: list[object]) -> None:
    root = tmp_path / "results"
    store_run(root, accuracy_scores(2000, 0.9), algorithm__name="maml")
    store_run(root, accuracy_scores(2000, 0.8, 1))
    build_boards(root)
    computed.clear()
    store_run(root, accuracy_scores(2000, 0.7, 2))
    (board,) = build_boards(root)
    assert len(computed) == 1
    assert score_of(board, "protonet") == pytest.approx(0.7, abs=0.01)


def test_scores_that_were_tampered_with_are_found(tmp_path: Path) -> None:
    root = tmp_path / "results"
    run = store_run(root, accuracy_scores(2000, 0.9))
    store_run(root, accuracy_scores(2000, 0.8, 1), algorithm__name="maml")
    assert len(build_boards(root)[0].rows) == 2
    other = store_run(tmp_path / "other", accuracy_scores(2000, 0.99, 3))
    shutil.copy(other / "scores.parquet", run / "scores.parquet")
    (board,) = build_boards(root)
    assert [row.algorithm for row in board.rows] == ["maml"]
    assert "not those the record was written with" in board.left_out[0].reason


def test_class_ids_that_were_lost_are_missed(tmp_path: Path) -> None:
    """They lie beside the runs of a suite, and the hash of scores covers them."""
    root = tmp_path / "results"
    run = store_run(root, accuracy_scores(2000, 0.9))
    assert build_boards(root)[0].rows
    for file in run.parent.parent.glob("classes-*"):
        file.unlink()
    assert not build_boards(root)[0].rows


def test_other_code_computes_anew(results: Path, computed: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    build_boards(results)
    computed.clear()
    monkeypatch.setattr(memory, "_version", lambda: "changed")
    boards = build_boards(results)
    assert len(computed) == sum(len(board.rows) for board in boards)


def test_a_damaged_memory_is_none(results: Path, tmp_path: Path, computed: list[object]) -> None:
    first = build_boards(results)
    file = tmp_path / "memory" / "boards" / "numbers.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 4
    file.write_bytes(content)
    computed.clear()
    assert build_boards(results) == first and computed


def test_two_commands_add_to_one_memory(tmp_path: Path) -> None:
    one, other = Memo(), Memo()
    for memo, name in ((one, "a"), (other, "b")):
        memo.number(Interval, [name], lambda: Interval(0.1, 0.0, 0.2, 0.05, 1.0, 4, "t"))
        memo.save()

    def never() -> Interval:
        raise AssertionError("computed again")

    both = Memo()
    for name in ("a", "b"):
        assert both.number(Interval, [name], never) == Interval(0.1, 0.0, 0.2, 0.05, 1.0, 4, "t")


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST", 3)
    for i in range(5):
        memo = Memo()
        for j in (0, i):  # what is asked for stays
            memo.number(Interval, [j], lambda: Interval(0.1, 0.0, 0.2, 0.05, 1.0, 4, "t"))
        memo.save()
    left = Memo()._old
    assert len(left) == 3


def score_of(board: Board, algorithm: str) -> float:
    return next(row.score.mean for row in board.rows if row.algorithm == algorithm)
