"""Errors on boards: ranked by geometric means, means beside them, nothing positive with an end at or below 0."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.boards import Board, build_boards, frame, rendered
from bench.stats import bootstrap_t_interval, compare_all, geometric_mean, rank_intervals, top_share
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, regression_scores, store_run

RECORDS = Path(__file__).parents[2] / "leaderboards" / "results"


def heavy_scores(seed: int) -> pd.DataFrame:
    """Small errors, but for five episodes that carry nearly all of their mean."""
    scores = regression_scores(2000, 0.02, seed)
    scores.loc[:4, "score"] = [500.0, 400.0, 900.0, 100.0, 50.0]
    return scores


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("errors")
    for seed in range(3):
        store_run(root, heavy_scores(seed), seed=seed, algorithm__name="anil", timing__train_s=None)
        store_run(root, regression_scores(2000, 0.2 + 0.15 * seed, seed + 5), seed=seed, algorithm__name="maml")
    store_run(root, regression_scores(2000, 0.9, 9), seed=None, algorithm__name="chance", algorithm__trains=False)
    return root


def matrix(frames: list[pd.DataFrame]) -> np.ndarray:
    return np.stack([scores["score"] for scores in frames])


def test_the_geometric_mean_ranks_and_the_mean_stands_beside_it(root: Path) -> None:
    (board,) = build_boards(root)
    anil, maml, chance = board.rows
    assert [row.algorithm for row in board.rows] == ["anil", "maml", "chance"]
    assert anil.plain.mean > maml.plain.mean, "by the mean anil would be second"
    x = matrix([heavy_scores(seed) for seed in range(3)])
    y = matrix([regression_scores(2000, 0.2 + 0.15 * seed, seed + 5) for seed in range(3)])
    assert anil.score == geometric_mean(x) and anil.errors["mse"].geometric == anil.score
    assert anil.plain == bootstrap_t_interval(x, positive=True) and anil.errors["mse"].median == np.median(x)
    column = {"anil": np.log(x), "maml": np.log(y), "chance": np.log(regression_scores(2000, 0.9, 9)["score"])}
    expected = rank_intervals(compare_all(column), higher_is_better=False)
    assert {row.algorithm: row.rank for row in board.rows} == expected
    assert anil.delta is not None and anil.delta.mean == pytest.approx(anil.score.mean / chance.score.mean)
    assert maml.extras["mse@step1"].low > 0 and maml.extras["mse@step1"].method == "crossed bootstrap-t"


def test_a_mean_that_few_episodes_carry_says_so_and_has_no_interval(root: Path) -> None:
    (board,) = build_boards(root)
    anil, maml, _ = board.rows
    share = top_share(matrix([heavy_scores(seed) for seed in range(3)])).share
    assert anil.cautions[0] == f"20 of 2,000 episodes carry {share:.0%} of the mean" and share > 0.9
    assert not any("carry" in caution for caution in maml.cautions)
    (line,) = (line for line in rendered([board], "markdown").splitlines() if line.startswith("| anil"))
    assert f"| {anil.plain.mean:.3f} |" in line and "episodes carry" in line
    cells = frame([board]).set_index(["algorithm", "metric"])
    assert np.isnan(cells.loc[("anil", "mse"), "low"]) and cells.loc[("anil", "mse"), "top_share"] == round(share, 3)
    assert cells.loc[("maml", "mse"), "low"] > 0 and cells.loc[("anil", "mse"), "ranked_by"] == "geometric mean"
    assert cells.loc[("anil", "mse"), "mean"] == pytest.approx(anil.plain.mean, abs=1e-6)
    assert cells.loc[("anil", "mse"), "geometric_mean"] == pytest.approx(anil.score.mean, abs=1e-6)


def test_few_degrees_of_freedom_are_shown(root: Path) -> None:
    (board,) = build_boards(root)
    _, maml, chance = board.rows
    assert maml.score.df < 3 and maml.cautions == (f"df {maml.score.df:.1f}",) and chance.cautions == ()


def test_perfect_answers_are_counted_and_keep_a_rank(tmp_path: Path) -> None:
    scores = regression_scores(2000, 0.1)
    scores.loc[:9, "score"] = 0.0
    store_run(tmp_path, scores, algorithm__name="maml")
    (row,) = build_boards(tmp_path)[0].rows
    assert row.score == geometric_mean(scores["score"]) and row.score.low > 0
    assert "10 episodes below 1e-12 count as that" in row.cautions


def test_negative_errors_leave_the_run_out_and_not_the_board(root: Path, tmp_path: Path) -> None:
    scores = regression_scores(2000, 0.1)
    store_run(tmp_path, scores, algorithm__name="maml")
    store_run(tmp_path, scores.assign(score=-scores["score"]), algorithm__name="odd")
    (board,) = build_boards(tmp_path)
    assert [row.algorithm for row in board.rows] == ["maml"]
    assert board.left_out[0].reason == "negative mse: an error is at least 0"


@pytest.mark.parametrize(("mean", "said"), [(0.999, True), (0.95, False)])
def test_accuracies_at_the_ceiling_are_a_caution(tmp_path: Path, mean: float, said: bool) -> None:
    for seed in range(3):
        scores = accuracy_scores(2000, 0.9, seed)
        scores["n_correct"] = np.random.default_rng(seed).binomial(75, mean, 2000).astype(np.int32)
        scores["score"] = scores["n_correct"] / 75
        store_run(tmp_path, scores, seed=seed)
    (board,) = build_boards(tmp_path)
    assert ("above 99.5 %: interval may be too narrow" in board.rows[0].cautions) == said
    assert ("Above 99.5 %: the mistakes that are left" in rendered([board], "markdown")) == said


def test_show_prints_both_numbers_and_no_end_below_0(root: Path, cli: Cli) -> None:
    key = next((root / "sinusoid-10s" / "anil").iterdir()).name
    out = cli("show", key, "--runs", root).out
    assert "geometric mean" in out and re.search(r"9\d% of", out), out
    assert not re.search(r"\[\s*-", out)


@pytest.fixture(scope="module")
def sinusoids(tmp_path_factory: pytest.TempPathFactory) -> list[Board]:
    """Of the published records; a folder of links, so that no other suite is read."""
    root = tmp_path_factory.mktemp("published")
    for suite in ("sinusoid-5s", "sinusoid-10s", "gp1d-rbf"):
        (root / suite).symlink_to(RECORDS / suite)
    return build_boards(root)


def test_no_interval_of_an_error_on_the_published_boards_reaches_0(sinusoids: list[Board]) -> None:
    intervals: list[tuple[Any, ...]] = []
    for board in sinusoids:
        for row in board.rows:
            found = [(name, summary.geometric) for name, summary in row.errors.items()]
            found += [(name, mean) for name, mean in row.extras.items() if name in row.errors]
            if board.metric and board.metric.skewed:
                found += [("mean", row.plain), ("delta", row.delta), ("gap", row.gap)]
            intervals += [(board.suite, row.algorithm, name, i) for name, i in found if i is not None]
    assert len(intervals) > 100
    assert [item for item in intervals if not 0 < item[-1].low <= item[-1].mean <= item[-1].high] == []


def test_anil_stands_where_its_logarithms_put_it_and_the_page_says_why(sinusoids: list[Board]) -> None:
    five = next(board for board in sinusoids if board.suite == "sinusoid-5s")
    ranked = [row for row in five.rows if row.rank]
    assert min(ranked, key=lambda row: row.errors["mse"].median).algorithm == ranked[0].algorithm == "anil"
    assert "carry" in ranked[0].cautions[0]
    page = rendered([five], "markdown")
    assert "a few episodes can carry their mean" in page and "ranked and compared on logarithms" in page
