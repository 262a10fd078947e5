"""Ranks, deltas, open intervals and what changed: the board says what bench.stats says of its scores."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.boards import Board, Row, build_boards, rendered, write
from bench.boards.render.across import across_suites
from bench.stats import compare_all, crossed_difference, open_interval, rank_intervals
from tests.records.factory import accuracy_scores, regression_scores, store_run

REFERENCE: dict[str, Any] = {"seed": None, "algorithm__trains": False, "recipe": "defaults"}


def store_seeds(root: Path, name: str, mean: float, seeds: int = 3, first: int = 0, **changes: Any) -> np.ndarray:
    """Runs of one algorithm; returns their scores [seeds, episodes]."""
    scores = [accuracy_scores(2000, mean, first + seed) for seed in range(seeds)]
    for seed, frame in enumerate(scores):
        store_run(root, frame, **{"seed": seed, "algorithm__name": name} | changes)
    return np.stack([frame["score"] for frame in scores])


def rows_of(root: Path) -> dict[str, Row]:
    (board,) = build_boards(root)
    return {row.algorithm: row for row in board.rows}


def test_ranks_and_deltas_are_those_of_bench_stats(tmp_path: Path) -> None:
    scores = {
        "protonet": store_seeds(tmp_path, "protonet", 0.95),
        "relnet": store_seeds(tmp_path, "relnet", 0.9501, first=10),
        "maml": store_seeds(tmp_path, "maml", 0.90, first=20),
    }
    pixels = accuracy_scores(2000, 0.6, 30)
    store_run(tmp_path, pixels, algorithm__name="nearest_centroid", **REFERENCE)
    rows = rows_of(tmp_path)
    column = scores | {"nearest_centroid": pixels["score"].to_numpy()}
    expected = rank_intervals(compare_all(column), higher_is_better=True)
    assert {name: row.rank for name, row in rows.items()} == expected
    assert expected["protonet"].worst == 2 and expected["relnet"].best == 1, "the two are not told apart"
    for name in ("protonet", "relnet", "maml"):
        assert rows[name].delta == crossed_difference(scores[name], pixels["score"])
    assert rows["nearest_centroid"].delta is None and rows["nearest_centroid"].rank is not None


def test_equal_learners_share_a_rank_and_both_are_bold(tmp_path: Path) -> None:
    store_seeds(tmp_path, "protonet", 0.9)
    store_seeds(tmp_path, "twin", 0.9)
    store_seeds(tmp_path, "worse", 0.8)
    assert {name: row.rank.rank for name, row in rows_of(tmp_path).items() if row.rank} == {
        "protonet": 1, "twin": 1, "worse": 3,
    }  # fmt: skip
    lines = {line.split(" | ")[0]: line for line in rendered(build_boards(tmp_path), "markdown").splitlines()}
    assert all("| **1 (1-2)** |" in lines[f"| {name}"] for name in ("protonet", "twin"))
    assert "**" not in lines["| worse"]


def test_the_largest_number_alone_is_never_bold(tmp_path: Path) -> None:
    store_seeds(tmp_path, "protonet", 0.90)
    store_seeds(tmp_path, "lucky", 0.99, seeds=1)
    rows = rows_of(tmp_path)
    assert rows["lucky"].rank is None and rows["protonet"].rank is None, "a row alone has nothing to be ranked with"
    table = [line for line in rendered(build_boards(tmp_path), "markdown").splitlines() if line.startswith("|")]
    assert not any("**" in line for line in table) and "rank" not in table[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"seeds": 2},
        {"algorithm__privileged": "the classes"},
        {"algorithm__source_sha256": "f" * 64, "finished": "2025-01-01T00:00:00Z"},
        {"protocol__transductive": True},
        {"protocol__external_data": ["ImageNet-1k"]},
    ],
)
def test_who_does_not_compete_in_a_section_takes_no_rank_from_others(tmp_path: Path, changes: dict[str, Any]) -> None:
    store_seeds(tmp_path, "protonet", 0.8)
    store_seeds(tmp_path, "maml", 0.7, first=20)
    store_seeds(tmp_path, "odd", 0.99, first=10, **changes)
    store_seeds(tmp_path, "odd", 0.5, seeds=3, first=5, recipe="paper")
    (board,) = build_boards(tmp_path)
    odd = next(row for row in board.rows if row.algorithm == "odd" and row.recipe == "fast")
    ranks = {row.algorithm: row.rank.rank for row in board.section("inductive") if row.rank}
    assert odd.rank is None and ranks["protonet"] == 1


def test_lower_errors_rank_first(tmp_path: Path) -> None:
    for seed in range(3):
        store_run(tmp_path, regression_scores(2000, 0.2, seed), seed=seed, algorithm__name="maml")
        store_run(tmp_path, regression_scores(2000, 0.4, seed + 5), seed=seed, algorithm__name="cnp")
    store_run(tmp_path, regression_scores(2000, 0.9, 9), algorithm__name="chance", **REFERENCE)
    rows = rows_of(tmp_path)
    assert [rows[name].rank.rank for name in ("maml", "cnp", "chance")] == [1, 2, 3]  # type: ignore[union-attr]
    assert rows["maml"].delta is not None and rows["maml"].delta.high < 0.25, "a ratio: 0.2 / 0.9"


def hard_classes(n: int = 2000, pool: int = 20, group: int = 1, seed: int = 0) -> pd.DataFrame:
    """Scores that depend on which classes an episode has: new classes would give another mean."""
    rng = np.random.default_rng(seed)
    ease = np.repeat(rng.normal(0, 0.1, pool), group)
    frame = accuracy_scores(n, 0.7, seed)
    frame["classes"] = [rng.permutation(pool * group)[:5].astype(np.int32) for _ in range(n)]
    p = np.clip(0.7 + np.array([ease[classes].mean() for classes in frame["classes"]]), 0, 1)
    frame["n_correct"] = rng.binomial(75, p).astype(np.int32)
    frame["score"] = frame["n_correct"] / 75
    return frame


def test_new_classes_are_told_where_they_matter(tmp_path: Path) -> None:
    scores = hard_classes()
    store_run(tmp_path, scores)
    row = rows_of(tmp_path)["protonet"]
    assert row.new_classes == open_interval(scores["score"], np.stack(scores["classes"]))
    assert row.new_classes.high - row.new_classes.low > 3 * (row.score.high - row.score.low)
    assert "| on new classes |" in rendered(build_boards(tmp_path), "markdown")


def test_turned_characters_are_one_class_on_omniglot(tmp_path: Path) -> None:
    scores = hard_classes(pool=40, group=4)
    store_run(tmp_path, scores, suite__name="omniglot-5w1s")
    classes = np.stack(scores["classes"])
    expected = open_interval(scores["score"], classes, np.arange(160) // 4)
    assert rows_of(tmp_path)["protonet"].new_classes == expected
    assert expected.df == 39 and expected != open_interval(scores["score"], classes)


def test_large_pools_show_the_closed_interval_alone(tmp_path: Path) -> None:
    store_run(tmp_path, hard_classes(pool=201))
    assert rows_of(tmp_path)["protonet"].new_classes is None


def board_of(root: Path) -> Board:
    (board,) = build_boards(root)
    return board


def test_what_changed_is_told_when_pages_are_written(tmp_path: Path) -> None:
    results = tmp_path / "results"
    store_seeds(results, "protonet", 0.9, seeds=2)
    gone = store_run(results, accuracy_scores(2000, 0.5), algorithm__name="gone")
    first = write(tmp_path, results)
    assert [line.split(":")[1].split()[0] for line in first.changes] == ["added", "added"]
    store_run(results, accuracy_scores(2000, 0.95, 2), seed=2)
    store_seeds(results, "relnet", 0.8, first=7)
    for file in gone.iterdir():
        file.unlink()
    gone.rmdir()
    moved, added, removed = write(tmp_path, results).changes
    assert moved.startswith("glyphs-5w1s: protonet backbone=conv4 fast: 90.01 % -> 91.60 %")
    assert "seeds 0 1 -> 0 1 2" in moved and moved.endswith("rank — -> 1")
    assert added.startswith("glyphs-5w1s: added relnet backbone=conv4 fast: 79.92 %") and added.endswith("rank 2")
    assert removed.startswith("glyphs-5w1s: removed gone backbone=conv4 fast: ")
    assert write(tmp_path, results).changes == []


def test_a_damaged_csv_is_no_obstacle(tmp_path: Path) -> None:
    results = tmp_path / "results"
    store_seeds(results, "protonet", 0.9, seeds=1)
    write(tmp_path, results)
    page = tmp_path / "glyphs-5w1s.csv"
    before = page.read_bytes()
    page.write_text("<<<<<<< HEAD\n" + page.read_text())
    assert len(write(tmp_path, results).changes) == 1 and page.read_bytes() == before


def test_a_mean_over_suites_is_for_learners_with_all_of_them(tmp_path: Path) -> None:
    results, suites = tmp_path / "results", ("glyphs-5w1s", "glyphs-5w5s", "omniglot-5w1s")
    for level, name in ((0.9, "protonet"), (0.8, "relnet"), (0.7, "anil")):
        for suite in suites:
            store_seeds(results, name, level, suite__name=suite)
    store_seeds(results, "maml", 0.95)
    for suite in suites:
        store_seeds(results, "nearest_centroid", 0.5, 1, suite__name=suite, algorithm__family="reference", **REFERENCE)
    (table,) = across_suites(build_boards(results))
    assert [row[0] for row in table.rows] == ["protonet", "relnet", "anil", "nearest_centroid"]
    assert table.headers == ("algorithm", "recipe", "mean accuracy, %", "vs nearest_centroid", *suites)
    scores = [row.score for board in build_boards(results) for row in board.rows if row.algorithm == "protonet"]
    mean, half = map(float, table.rows[0][2].split(" ± "))
    variances = np.array([score.se**2 for score in scores])
    df = variances.sum() ** 2 / sum(variances**2 / [score.df for score in scores])
    expected = stats.t.ppf(0.975, df) * variances.sum() ** 0.5 / 3
    assert mean == pytest.approx(90, abs=0.3) and half == pytest.approx(100 * expected, abs=0.006)
    assert float(table.rows[0][3].split()[0]) == pytest.approx(mean - float(table.rows[3][2].split()[0]), abs=0.02)
    write(tmp_path, results)
    assert "## Mean over 3 suites, inductive" in (tmp_path / "README.md").read_text()
    shutil.rmtree(results / suites[2] / "anil")
    assert across_suites(build_boards(results)) == ()
