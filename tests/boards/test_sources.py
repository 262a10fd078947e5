"""Results of an older source count for the newest one where that has answered the same, and only there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.boards import Board, build_boards, rendered
from bench.boards.board.rows import baseline
from bench.boards.board.sources import as_newest
from bench.boards.compare.comparison import compare
from tests.records.factory import accuracy_scores, make_record, regression_scores, store_run

OLD, NEW, OTHER = "c3" * 32, "f0" * 32, "0a" * 32
CONFIRMED, RESCORED = "confirmed for newer source", "re-scored with the newest source"
LATER = {"algorithm__source_sha256": NEW, "finished": "2026-03-01T00:00:00Z"}


def spot(source: str = NEW, passed: bool = True, **changes: Any) -> dict[str, Any]:
    """What `bench verify --level spot --record` appends, as far as boards read it."""
    return {"level": "spot", "passed": passed, "by": "maintainer", "source_sha256": source} | changes


def rescored(source: str = NEW, differing: int = 0, episodes: int = 2000, **changes: Any) -> dict[str, Any]:
    """What a re-scoring of all official episodes appends."""
    entry = {"level": "rescored", "passed": differing == 0, "episodes": episodes, "differing": differing}
    return entry | {"by": "maintainer", "source_sha256": source} | changes


def board(root: Path) -> Board:
    """Glyphs: seeds 0-2 of the older source, and the flags the newest source's run elsewhere causes."""
    return next(board for board in build_boards(root) if board.suite == "glyphs-5w1s")


def store_old(root: Path, *verifications: list[dict[str, Any]]) -> None:
    """One run of the older source per seed with its verifications; the newest source ran on another suite."""
    for seed, entries in enumerate(verifications):
        store_run(root, accuracy_scores(2000, seed=seed), seed=seed, verification=entries)
    store_run(root, regression_scores(2000), **LATER)


@pytest.mark.parametrize(
    ("entry", "flag", "note"),
    [(spot(), CONFIRMED, "confirmed for"), (rescored(), RESCORED, "re-scored with")],
    ids=["spot", "rescored"],
)
def test_a_row_that_is_carried_over_is_ranked_and_says_how(
    tmp_path: Path, entry: dict[str, Any], flag: str, note: str
) -> None:
    store_old(tmp_path, [entry], [entry], [entry])
    store_run(tmp_path, accuracy_scores(2000, 0.5), algorithm__name="chance", algorithm__trains=False, seed=None)
    row = board(tmp_path).rows[0]
    assert row.flags == (flag,) and row.seeds == (0, 1, 2)
    assert row.ranked and row.rank is not None and (row.source_sha256, row.made_with) == (NEW, (OLD,))
    page = rendered([board(tmp_path)], "markdown")
    assert f"source {OLD[:12]}, {note} {NEW[:12]}" in page
    assert [line.startswith(f"* {flag.capitalize()}: ") for line in page.splitlines()].count(True) == 1


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
        [rescored(differing=1)],
        [rescored(differing=1, passed=True)],
        [rescored(episodes=1999)],
        [rescored(episodes="all")],
        [{"level": "rescored", "passed": True, "source_sha256": NEW}],
        [rescored(), spot(passed=False)],
        [spot(), rescored(differing=1)],
    ],
    ids=[
        "none", "failed", "failed-later", "another-source", "own-source", "level", "malformed", "before-sources",
        "differing", "contradiction", "too-few", "malformed-number", "says-nothing", "spot-failed-later",
        "rescoring-failed-later",
    ],
)  # fmt: skip
def test_nothing_else_confirms(tmp_path: Path, entries: list[dict[str, Any]]) -> None:
    store_old(tmp_path, entries, entries, entries)
    (row,) = board(tmp_path).rows
    assert row.flags == ("older source",) and not row.ranked and row.source_sha256 == OLD


def test_the_last_word_of_the_newest_source_counts(tmp_path: Path) -> None:
    store_old(tmp_path, [spot(passed=False), spot(), spot(OTHER, passed=False)])
    (row,) = board(tmp_path).rows
    assert row.flags == (CONFIRMED,)


def test_a_row_says_which_seeds_were_carried_over_how(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot(), rescored()], [rescored(), spot()])
    (row,) = board(tmp_path).rows
    assert row.flags == (f"seeds 0, 2 {CONFIRMED}", f"seed 1 {RESCORED}") and row.seeds == (0, 1, 2)
    assert f"source {OLD[:12]}, confirmed for and re-scored with {NEW[:12]};" in rendered([board(tmp_path)], "markdown")


ANSWERED = "2026-05-01T00:00:00Z"


@pytest.mark.parametrize("answer", [spot, rescored])
def test_a_source_that_only_answered_can_be_the_newest(tmp_path: Path, answer: Callable[..., dict[str, Any]]) -> None:
    """A comment changed: nothing was run with the new source, which answered the older runs and nobody else's."""
    for seed in range(3):
        entry = [answer(date=ANSWERED)] if seed < 2 else []
        store_run(tmp_path, accuracy_scores(2000, seed=seed), seed=seed, verification=entry)
    rows = {row.seeds: row for row in board(tmp_path).rows}
    assert rows.keys() == {(0, 1), (2,)} and rows[2,].flags == ("older source",)
    assert rows[0, 1].source_sha256 == NEW and len(rows[0, 1].flags) == 1 and not rows[0, 1].superseded


def test_a_source_that_answered_otherwise_ages_the_runs_that_it_can_not_confirm(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), verification=[rescored(differing=3, date=ANSWERED)])
    (row,) = board(tmp_path).rows
    assert row.flags == ("older source",)


@pytest.mark.parametrize(
    ("answered", "newest"), [("2026-02-01T00:00:00Z", NEW), ("2026-04-01T00:00:00Z", OTHER)], ids=["before", "after"]
)
def test_runs_and_answers_are_ordered_by_date(tmp_path: Path, answered: str, newest: str) -> None:
    """NEW ran in March. A source that answered before is older than it, one that answered later is newer."""
    store_run(tmp_path, accuracy_scores(2000), verification=[spot(OTHER, date=answered)])
    store_run(tmp_path, accuracy_scores(2000, seed=1), seed=1, **LATER)
    flags = {row.source_sha256: row.flags for row in board(tmp_path).rows}
    assert flags == {
        newest: (CONFIRMED,) if newest == OTHER else (),
        (NEW if newest == OTHER else OLD): ("older source",),
    }


def test_code_that_was_changed_back_is_the_newest_again_once_it_answers(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), verification=[spot(OLD, date="2026-04-01T00:00:00Z")])
    store_run(tmp_path, accuracy_scores(2000, seed=1), seed=1, **LATER)
    assert {row.source_sha256: row.flags for row in board(tmp_path).rows} == {OLD: (), NEW: ("older source",)}


@pytest.mark.parametrize("date", [None, "", "yesterday", 20990101, "9999", "2099-01-01"])
def test_an_answer_without_a_date_dates_nothing(tmp_path: Path, date: Any) -> None:
    store_run(tmp_path, accuracy_scores(2000), verification=[spot(OTHER, date=date)])
    assert board(tmp_path).rows[0].flags == ()


def test_other_levels_date_nothing(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(2000), verification=[spot(OTHER, level="rerun", date="2026-09-01T00:00:00Z")])
    assert board(tmp_path).rows[0].flags == ()


def test_a_still_newer_source_has_to_confirm_again(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()])
    store_run(tmp_path, regression_scores(2000), algorithm__source_sha256=OTHER, finished="2026-04-01T00:00:00Z")
    (row,) = board(tmp_path).rows
    assert row.flags == ("older source",)


def test_unconfirmed_seeds_stay_behind(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot(passed=False)], [spot()])
    rows = {row.seeds: row for row in board(tmp_path).rows}
    assert rows[0, 2].flags == (CONFIRMED,) and rows[0, 2].label == "2 checkpoints"
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
    assert row.seeds == (0, 1, 2) and row.flags == (f"seed 0 {CONFIRMED}",) and row.ranked
    assert row.made_with == (OLD, NEW) and dict(row.options)["temperature"] == "1.0"
    (left,) = found.left_out
    assert left.seed == 1 and left.reason.endswith("same setting and seed, which a later source ran")


def test_seeds_that_failed_under_the_older_source_are_still_told(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot()])
    store_run(tmp_path, None, seed=7)
    (row,) = board(tmp_path).rows
    assert row.flags == (CONFIRMED, "seed 7 failed")


def test_comparisons_take_the_rows_of_the_board(tmp_path: Path) -> None:
    store_old(tmp_path, [spot()], [spot()])
    store_run(tmp_path, accuracy_scores(2000, seed=2), seed=2, **LATER)
    store_run(tmp_path, accuracy_scores(2000, 0.5), algorithm__name="chance", algorithm__trains=False, seed=None)
    found = compare([tmp_path], "glyphs-5w1s", ["protonet", "chance"])
    assert [s.compared.seeds for s in found.placed if s.compared.trains] == [(0, 1, 2)]


_entries = st.lists(
    st.builds(
        lambda level, source, passed: rescored(source, passed=passed) | {"level": level},
        st.sampled_from(["spot", "rescored", "fresh", "rerun", "consistent"]),
        st.sampled_from([OLD, NEW, OTHER, None]),
        st.booleans(),
    ),
    max_size=6,
)


@given(_entries)
def test_a_record_moves_exactly_when_the_newest_source_said_yes_last(entries: list[dict[str, Any]]) -> None:
    record = make_record(accuracy_scores(10), verification=entries)
    found = as_newest(record, {baseline("protonet"): NEW})
    taken = found.record
    verdicts = [e for e in entries if e["level"] in ("spot", "rescored") and e["source_sha256"] == NEW]
    said_yes = bool(verdicts) and verdicts[-1]["passed"]
    assert found.carried_over == (verdicts[-1]["level"] if said_yes else None)
    assert (taken.algorithm.source_sha256 == NEW) == said_yes
    assert taken.key == record.key and taken.metrics == record.metrics
    assert as_newest(record, {}).record is record
