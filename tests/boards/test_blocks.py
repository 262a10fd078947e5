"""Suites whose consecutive episodes resemble each other: intervals, tests, ranks and plans count blocks of 16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from bench.boards import Board, build_boards, frame, rendered
from bench.boards.board.rows import Row
from bench.boards.compare.comparison import compare
from bench.boards.compare.planning import plan_from_runs
from bench.boards.compare.sharpened import sharpened_run
from bench.boards.render.record import metric_texts
from bench.domains import all_domains
from bench.errors import UsageError
from bench.records import RunStore
from bench.stats import (
    bootstrap_t_interval,
    compare_all,
    control_variates,
    crossed_difference,
    crossed_interval,
    episodes_needed,
    rank_intervals,
)
from bench.tasks.registry import all_suites
from tests.records.factory import metric, store_run

SUITE = "gp1d-rbf"
NO_TRAINING: dict[str, Any] = {"seed": None, "algorithm__trains": False}


def gp_scores(mean: float, seed: int, n: int = 2000, suite_seed: int = 0) -> pd.DataFrame:
    """Log-likelihoods that 16 consecutive episodes share for the most part, and squared errors."""
    shared, own = np.random.default_rng(suite_seed), np.random.default_rng([1, seed])
    ease = shared.normal(0.0, 0.6, -(-n // 16)).repeat(16)[:n]
    loglik = mean + ease + own.normal(0.0, 0.6, n)
    return pd.DataFrame({
        "episode": np.arange(n), "score": loglik, "mse": np.exp(-2 * loglik), "floored": np.zeros(n, dtype=bool),
    })  # fmt: skip


def store_gp(root: Path, scores: pd.DataFrame, name: str, **changes: Any) -> Path:
    metrics = [
        metric("loglik", "nats per target point", True, scores["score"].to_numpy()),
        metric("mse", "squared target unit", False, scores["mse"].to_numpy()),
    ]
    changes = {"suite__name": SUITE, "algorithm__name": name, "metrics": metrics, **changes}
    return store_run(root, scores, **changes)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("blocks")
    for seed in range(3):
        store_gp(root, gp_scores(1.0, seed), "tnp", seed=seed)
        store_gp(root, gp_scores(0.98, 10 + seed), "cnp", seed=seed)
    store_gp(root, gp_scores(0.2, 20), "chance", **NO_TRAINING)
    store_gp(root, gp_scores(1.2, 30), "gp_oracle", algorithm__privileged="the kernel", **NO_TRAINING)
    return root


def blocks(scores: pd.Series[float] | np.ndarray) -> np.ndarray:
    return np.array([np.mean(part) for part in np.split(np.asarray(scores), 125)])


def seeds_of(mean: float, first: int) -> np.ndarray:
    return np.stack([blocks(gp_scores(mean, first + seed)["score"]) for seed in range(3)])


def board_of(root: Path) -> tuple[Board, dict[str, Row]]:
    (board,) = build_boards(root)
    return board, {row.algorithm: row for row in board.rows}


def test_an_interval_is_students_over_block_means(root: Path) -> None:
    _, rows = board_of(root)
    scores = gp_scores(0.2, 20)
    low, high = scipy_stats.t.interval(
        0.95, 124, loc=scores["score"].mean(), scale=scipy_stats.sem(blocks(scores["score"]))
    )
    found = rows["chance"].score
    assert (found.mean, found.low, found.high) == pytest.approx((scores["score"].mean(), low, high), rel=1e-9)
    assert (found.n, found.df) == (2000, 124)
    assert found.sd / np.sqrt(found.n) == pytest.approx(found.se)
    naive = scipy_stats.sem(scores["score"])
    assert found.se > 2.5 * naive, "the episodes of this world are far from independent"


def test_errors_are_averaged_on_logarithms_and_their_median_is_that_of_episodes(root: Path) -> None:
    _, rows = board_of(root)
    errors, mse = rows["chance"].errors["mse"], gp_scores(0.2, 20)["mse"]
    low, high = scipy_stats.t.interval(0.95, 124, loc=np.log(mse).mean(), scale=scipy_stats.sem(blocks(np.log(mse))))
    assert (errors.geometric.low, errors.geometric.high) == pytest.approx((np.exp(low), np.exp(high)))
    assert errors.median == np.median(mse) and errors.top.episodes == 2000
    mean = bootstrap_t_interval(blocks(mse), positive=True)
    found = rows["chance"].extras["mse"]
    assert (found.mean, found.low, found.high) == pytest.approx((mse.mean(), mean.low, mean.high))


def test_seeds_ranks_and_differences_are_those_of_block_means(root: Path) -> None:
    _, rows = board_of(root)
    tnp, cnp, chance = seeds_of(1.0, 0), seeds_of(0.98, 10), blocks(gp_scores(0.2, 20)["score"])
    oracle = blocks(gp_scores(1.2, 30)["score"])
    expected = crossed_interval(tnp)
    assert (rows["tnp"].score.low, rows["tnp"].score.df) == pytest.approx((expected.low, expected.df))
    column = {"tnp": tnp, "cnp": cnp, "chance": chance}
    ranks = rank_intervals(compare_all(column), higher_is_better=True)
    assert {name: rows[name].rank for name in column} == ranks
    delta, gap = crossed_difference(tnp, chance), crossed_difference(oracle, tnp)
    assert rows["tnp"].delta is not None and rows["tnp"].gap is not None
    assert (rows["tnp"].delta.low, rows["tnp"].delta.high) == pytest.approx((delta.low, delta.high))
    assert (rows["tnp"].gap.low, rows["tnp"].gap.high) == pytest.approx((gap.low, gap.high))


def test_pages_count_episodes_and_say_what_intervals_count(root: Path) -> None:
    board, _ = board_of(root)
    cells = frame([board])
    assert set(cells["episodes"]) == {2000} and 124 in set(cells["df"])
    assert "count means of 16 episodes" in rendered([board], "markdown")


def test_sinusoids_have_no_blocks(tmp_path: Path) -> None:
    store_gp(tmp_path, gp_scores(0.2, 20), "chance", suite__name="my-sinusoids", **NO_TRAINING)
    board, rows = board_of(tmp_path)
    assert rows["chance"].score.df == 1999 and "Blocks:" not in rendered([board], "markdown")


def test_no_built_in_suite_has_blocks_that_boards_do_not_know() -> None:
    for suite in all_suites().values():
        assert suite.domain.unit(suite.name) == suite.domain.block(suite), suite.name
    assert all_domains()["regression"].unit("somebodys-own") == 16


def test_compare_takes_whole_blocks(root: Path, tmp_path: Path) -> None:
    report = compare([root], SUITE, ["tnp", "cnp"])
    assert report.episodes == 2000
    (pair,) = report.pairs
    assert pair.comparison == compare_all({"tnp": seeds_of(1.0, 0), "cnp": seeds_of(0.98, 10)})[0]
    store_gp(tmp_path, gp_scores(1.0, 0, 107), "tnp")
    store_gp(tmp_path, gp_scores(0.9, 1, 100), "cnp")
    short = compare([tmp_path], SUITE, ["tnp", "cnp"])
    a, b = (
        gp_scores(mean, seed)["score"][:96].to_numpy().reshape(6, 16).mean(axis=1)
        for mean, seed in ((1.0, 0), (0.9, 1))
    )
    test = scipy_stats.ttest_rel(a, b)
    assert short.episodes == 96 and short.pairs[0].comparison.difference.p == pytest.approx(test.pvalue)
    store_gp(tmp_path, gp_scores(0.9, 1, 31), "np")
    with pytest.raises(UsageError, match="at least 32 common episodes"):
        compare([tmp_path], SUITE, ["tnp", "np"])


def test_plans_count_episodes(root: Path) -> None:
    found = plan_from_runs([root], SUITE, ["chance", "gp_oracle"], 0.05, 0.8, 0.95, None)
    difference = blocks(gp_scores(0.2, 20)["score"]) - blocks(gp_scores(1.2, 30)["score"])
    sd = 4 * difference.std(ddof=1)
    assert found.checkpoints[0].sd == pytest.approx(sd)
    assert found.checkpoints[0].episodes == episodes_needed(sd, 0.05)


def test_a_short_run_is_sharpened_by_block_means(root: Path, tmp_path: Path) -> None:
    scores = gp_scores(1.1, 40, 400)
    path = store_gp(tmp_path, scores, "convcnp")
    record = RunStore(tmp_path).read(path)
    found = sharpened_run([root], RunStore(tmp_path), path, record)
    assert found is not None and (found.episodes, found.plain.n) == (2000, 400)
    y = np.array([part.mean() for part in np.split(scores["score"].to_numpy(), 25)])
    assert found.plain.se == pytest.approx(scipy_stats.sem(y))
    column = {"chance": (0.2, 20), "cnp": (0.98, 10), "gp_oracle": (1.2, 30), "tnp": (1.0, 0)}
    (first,) = found.controls
    known = blocks(gp_scores(*column[first])["score"])[:, None]
    assert found.sharpened.se == pytest.approx(control_variates(y, known).sharpened.se)
    few = store_gp(tmp_path, gp_scores(1.1, 40, 20), "np")
    assert sharpened_run([root], RunStore(tmp_path), few, RunStore(tmp_path).read(few)) is None


def test_one_run_is_shown_with_the_boards_interval_where_it_ends_with_a_block(tmp_path: Path) -> None:
    whole, within = gp_scores(1.0, 0), gp_scores(1.0, 0, 100)
    texts = []
    for scores, name in ((whole, "tnp"), (within, "cnp")):
        path = store_gp(tmp_path, scores, name)
        texts.append(metric_texts(RunStore(tmp_path), path, RunStore(tmp_path).read(path))[0].mean)
    half = scipy_stats.t.ppf(0.975, 124) * scipy_stats.sem(blocks(whole["score"]))
    assert texts[0] == f"{whole['score'].mean():.3f} ± {half:.3f}"
    assert texts[1] == f"{within['score'].mean():.3f} ± {1.96 * scipy_stats.sem(within['score']):.3f}"
