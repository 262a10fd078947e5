"""Results of an older source count for the newest one where that has answered the same, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.boards import Board, build_boards, render
from bench.boards.board.rows import baseline
from bench.boards.board.sources import as_newest
from bench.boards.compare.comparison import compare
from tests.records.factory import accuracy_scores, make_record, regression_scores, store_run

OLD, NEW, OTHER = "c3" * 32, "f0" * 32, "0a" * 32
LATER = {"algorithm__source_sha256": NEW, "finished": "2026-03-01T00:00:00Z"}


def spot(source: str = NEW, passed: bool = True, **changes: Any) -> dict[str, Any]:
    """What `bench verify --level spot --record` appends, as far as boards read it."""
    return {"level": "spot", "passed": passed, "by": "maintainer", "source_sha256": source} | changes


def board(root: Path) -> Board:
    """Glyphs: seeds 0-2 of the older source, and the flags the newest source's run elsewhere causes."""
    return next(board for board in build_boards(root) if board.suite == "glyphs-5w1s")


def store_old(root: Path, *verifications: list[dict[str, Any]]) -> None:
    """One run of the older source per seed with its verifications; the newest source ran on another suite."""
    for seed, entries in enumerate(verifications):
        store_run(root, accuracy_scores(2000, seed=seed), seed=seed, verification=entries)
    store_run(root, regression_scores(2000), **LATER)


def test_a_confirmed_row_is_ranked_and_says_so(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot()], [spot()])
    store_run(tmp_path, accuracy_scores(2000, 0.5), algorithm__name="chance", algorithm__trains=False, seed=None)
    row = board(tmp_path).rows[0]
    assert row.flags == ("confirmed for newer source",) and row.seeds == (0, 1, 2)
    assert row.ranked and row.rank is not None and (row.source_sha256, row.made_with) == (NEW, (OLD,))
    page = render([board(tmp_path)], "markdown")
    assert f"source {OLD[:12]}, confirmed for {NEW[:12]}" in page


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [spot(passed=False)],
        [spot(), spot(passed=False)],
        [spot(OTHER)],
        [spot(OLD)],
        [spot(level="fresh")],
        [spot(passed="true")],
        [{"level": "spot", "passed": True}],
    ],
    ids=["none", "failed", "failed-later", "another-source", "own-source", "level", "malformed", "before-sources"],
)
def test_nothing_else_confirms(tmp_path: Path, entries: list[dict[str, Any]]) -> None:
    store_old(tmp_path, entries, entries, entries)
    (row,) = board(tmp_path).rows
    assert row.flags == ("older source",) and not row.ranked and row.source_sha256 == OLD


def test_the_last_word_of_the_newest_source_counts(tmp_path: Path) -> None:
    store_old(tmp_path, [spot(passed=False), spot(), spot(OTHER, passed=False)])
    (row,) = board(tmp_path).rows
    assert row.flags == ("confirmed for newer source",)


def test_a_still_newer_source_has_to_confirm_again(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()])
    store_run(tmp_path, regression_scores(2000), algorithm__source_sha256=OTHER, finished="2026-04-01T00:00:00Z")
    (row,) = board(tmp_path).rows
    assert row.flags == ("older source",)


def test_unconfirmed_seeds_stay_behind(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot(passed=False)], [spot()])
    rows = {row.seeds: row for row in board(tmp_path).rows}
    assert rows[0, 2].flags == ("confirmed for newer source",) and rows[0, 2].label == "2 checkpoints"
    assert rows[1,].flags == ("older source",)


def test_confirmed_seeds_join_those_of_the_newest_source(tmp_path: Path) -> None:
    """The newest source has an option more: it answered with the option's default."""
    options = {"backbone": "conv4", "temperature": 1.0}
    store_old(tmp_path, [spot(options=options)], [spot(options=options)])
    for seed in (1, 2):
        scores = accuracy_scores(2000, 0.8, seed=10 + seed)
        store_run(tmp_path, scores, seed=seed, algorithm__options=options, **LATER)
    found = board(tmp_path)
    (row,) = found.rows
    assert row.seeds == (0, 1, 2) and row.flags == ("seeds 0 confirmed for newer source",) and row.ranked
    assert row.made_with == (OLD, NEW) and dict(row.options)["temperature"] == "1.0"
    (left,) = found.left_out
    assert left.seed == 1 and left.reason.endswith("same setting and seed, which the newest source ran")


def test_seeds_that_failed_under_the_older_source_are_still_told(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot()])
    store_run(tmp_path, None, seed=7)
    (row,) = board(tmp_path).rows
    assert row.flags == ("confirmed for newer source", "seed 7 failed")


def test_comparisons_take_the_rows_of_the_board(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot()])
    store_run(tmp_path, accuracy_scores(2000, seed=2), seed=2, **LATER)
    store_run(tmp_path, accuracy_scores(2000, 0.5), algorithm__name="chance", algorithm__trains=False, seed=None)
    found = compare([tmp_path], "glyphs-5w1s", ["protonet", "chance"])
    assert [s.compared.seeds for s in found.placed if s.compared.trains] == [(0, 1, 2)]


_entries = st.lists(
    st.builds(
        lambda level, source, passed: {"level": level, "source_sha256": source, "passed": passed},
        st.sampled_from(["spot", "fresh", "rerun", "consistent"]),
        st.sampled_from([OLD, NEW, OTHER, None]),
        st.booleans(),
    ),
    max_size=6,
)


@given(_entries)
def test_a_record_moves_exactly_when_the_newest_source_said_yes_last(entries: list[dict[str, Any]]) -> None:
    record = make_record(accuracy_scores(10), verification=entries)
    taken = as_newest(record, {baseline("protonet"): NEW}).record
    verdicts = [e["passed"] for e in entries if (e["level"], e["source_sha256"]) == ("spot", NEW)]
    assert (taken.algorithm.source_sha256 == NEW) == (verdicts[-1:] == [True])
    assert taken.key == record.key and taken.metrics == record.metrics
    assert as_newest(record, {}).record is record
