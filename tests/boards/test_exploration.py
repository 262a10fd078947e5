"""Boards of exploration suites: ranked by reward, measured to Gittins indices where those have an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.boards import Board, build_boards, rendered
from tests.records.factory import metric, store_run

UNIT = "reward per trial"
REFERENCE: dict[str, Any] = {"seed": None, "algorithm__trains": False, "recipe": "defaults"}


def store_policy(root: Path, name: str, mean: float, suite: str = "bandit-n10k5", **changes: Any) -> None:
    """A policy's total rewards on 2,000 trials, better and worse trials shared by all policies."""
    luck = np.random.default_rng(0).normal(0, 1, 2000)
    scores = pd.DataFrame(
        {"episode": np.arange(2000), "score": mean + luck, "regret": 8 - mean - luck, "floored": np.zeros(2000, bool)}
    )
    metrics = [
        metric("reward", UNIT, True, scores["score"].to_numpy()),
        metric("regret", UNIT, False, scores["regret"].to_numpy()),
    ]
    fields = {"suite__name": suite, "suite__kind": "exploration", "algorithm__name": name, "metrics": metrics}
    store_run(root, scores, **fields, **changes)


def board(root: Path) -> Board:
    (only,) = build_boards(root)
    return only


def test_rewards_rank_from_high_to_low_and_regret_is_a_further_metric(tmp_path: Path) -> None:
    for name, mean in (("random_policy", 5.0), ("gittins", 6.6), ("ucb1", 6.5)):
        store_policy(tmp_path, name, mean, **REFERENCE)
    found = board(tmp_path)
    assert [row.algorithm for row in found.rows] == ["gittins", "ucb1", "random_policy"]
    assert found.metric is not None and (found.metric.unit, found.metric.higher_is_better) == (UNIT, True)
    assert [m.name for m in found.extra_metrics] == ["regret"] and not found.extra_metrics[0].higher_is_better
    page = rendered([found], "markdown")
    assert "exploration: reward in reward per trial, higher is better" in page
    assert "| vs gittins |" in page and "| regret |" in page


@pytest.mark.parametrize(
    ("suite", "names", "reference"),
    [
        ("bandit-n10k5", ["random_policy", "gittins", "ucb1"], "gittins"),
        ("mdp-n10", ["random_policy", "rl2"], "random_policy"),
        ("mdp-n10", ["rl2"], ""),
    ],
)
def test_the_reference_is_the_first_named_that_has_an_answer(
    tmp_path: Path, suite: str, names: list[str], reference: str
) -> None:
    for i, name in enumerate(names):
        store_policy(tmp_path, name, 5.0 + i, suite, **REFERENCE)
    found = board(tmp_path)
    assert found.reference == reference
    assert all((row.delta is None) == (row.algorithm == reference or not reference) for row in found.rows)
    if not reference:
        assert "No differences to gittins or random\\_policy, the reference" in rendered([found], "markdown")


def test_published_rewards_are_judged_in_their_unit(tmp_path: Path) -> None:
    store_policy(tmp_path, "random_policy", 5.0, **REFERENCE)
    (line,) = (
        line
        for line in rendered([board(tmp_path)], "markdown").splitlines()
        if line.startswith("| random\\_policy | inductive | 5.0 ")
    )
    assert "| 0.100 | equivalent " in line
