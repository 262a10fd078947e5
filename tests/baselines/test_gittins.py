"""Gittins indices against published values, hand computation and Bayes-optimal play by dynamic programming."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

import bench
from baselines.gittins_index import discounted, finite_horizon
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load


def gittins(arms: int, pulls: int, **options: float) -> bench.Explorer:
    spec = bench.ExplorationSpec("bandit", actions=arms, steps=pulls)
    learner = load(find_learner("gittins"))
    return learner(spec, resolve_options(learner, options))  # type: ignore[return-value]  # it acts


@pytest.mark.parametrize(
    "alpha, beta, published", [(1, 1, 0.7029), (2, 1, 0.8001), (1, 2, 0.5001), (2, 2, 0.6346), (3, 1, 0.8452)]
)
def test_discounted_indices_are_the_published_ones(alpha: int, beta: int, published: float) -> None:
    """Gittins, Glazebrook & Weber 2011, table 8.4: Bernoulli arms, discount .9."""
    assert discounted(0.9, 3)[alpha - 1, beta - 1] == pytest.approx(published, abs=5.1e-5)


def test_a_learner_s_table_is_its_own() -> None:
    """Checks shake the buffers of a learner; the table that the process keeps must not move with them."""
    before = finite_horizon(4).copy()
    gittins(2, 4).index.add_(1.0)  # type: ignore[operator]  # a buffer
    np.testing.assert_array_equal(finite_horizon(4), before)


def test_indices_of_few_pulls_by_hand() -> None:
    index = finite_horizon(3)
    assert index[1, 0, 0] == pytest.approx(1 / 2)
    assert index[1, 1, 0] == pytest.approx(2 / 3)
    # Two pulls: go on after a success only, (1/2 + 1/2 * 2/3) rewards in 3/2 pulls.
    assert index[2, 0, 0] == pytest.approx(5 / 9, abs=1e-4)
    assert np.isnan(index[3, 1, 0]), "three pulls of three cannot be left after one"


def test_a_finer_grid_and_a_shifted_prior_give_the_same_indices() -> None:
    coarse, fine = finite_horizon(20), finite_horizon(20, grid=4001)
    assert np.nanmax(np.abs(coarse - fine)) < 1e-4
    later = finite_horizon(10, alpha=3.0, beta=2.0)  # the arm after two successes and a failure
    left, s, f = np.nonzero(~np.isnan(later))
    np.testing.assert_allclose(later[left, s, f], coarse[left, s + 2, f + 1], atol=1e-12)


def test_more_pulls_left_make_an_arm_more_worth_exploring() -> None:
    index = finite_horizon(30)[1:16, 0, 0]
    assert (np.diff(index) > 0).all() and index[0] == pytest.approx(0.5)


@pytest.mark.parametrize("known", [0.3, 0.55, 0.62, 0.7, 0.9])
def test_one_unknown_arm_against_a_known_one_is_played_optimally(known: float) -> None:
    pulls, index = 12, finite_horizon(12)

    @cache
    def value(left: int, s: int, f: int, by_index: bool) -> float:
        if left == 0:
            return 0.0
        p = (s + 1) / (s + f + 2)
        onward = p * (1 + value(left - 1, s + 1, f, by_index)) + (1 - p) * value(left - 1, s, f + 1, by_index)
        retire = known + value(left - 1, s, f, by_index)
        return (onward if index[left, s, f] > known else retire) if by_index else max(onward, retire)

    # An unknown arm that rests keeps its counts, so fewer than `pulls` of its own may be behind it.
    assert value(pulls, 0, 0, True) == pytest.approx(value(pulls, 0, 0, False), abs=1e-9)


Policy = Callable[[Tensor, Tensor], Tensor]


def two_armed_value(pulls: int, policy: Policy | None) -> float:
    """Expected total reward of a policy ([M, 2] counts -> probabilities [M, 2]), or of Bayes-optimal play (None)."""
    value: dict[tuple[int, ...], float] = {}
    for left in range(pulls + 1):
        seen = pulls - left
        states = [
            (s, a - s, t, seen - a - t) for a in range(seen + 1) for s in range(a + 1) for t in range(seen - a + 1)
        ]
        if left == 0:
            value = dict.fromkeys(states, 0.0)
            continue
        counts = torch.tensor(states)
        chosen = None if policy is None else policy(counts[:, ::2], counts[:, 1::2]).tolist()
        now = {}
        for row, (s, f, t, g) in enumerate(states):
            p, q = (s + 1) / (s + f + 2), (t + 1) / (t + g + 2)
            first = p * (1 + value[s + 1, f, t, g]) + (1 - p) * value[s, f + 1, t, g]
            second = q * (1 + value[s, f, t + 1, g]) + (1 - q) * value[s, f, t, g + 1]
            now[s, f, t, g] = max(first, second) if chosen is None else chosen[row][0] * first + chosen[row][1] * second
        value = now
    return value[0, 0, 0, 0]


@pytest.mark.parametrize("pulls", [1, 2, 3, 4, 10])
def test_two_unknown_arms_are_played_within_a_thousandth_of_the_optimum(pulls: int) -> None:
    learner = gittins(2, pulls)
    found = two_armed_value(pulls, lambda s, f: learner.logits(s, f).double().softmax(1))
    best = two_armed_value(pulls, None)
    assert found <= best + 1e-9
    assert found >= best * 0.999
    assert pulls < 3 or found > two_armed_value(pulls, lambda s, f: torch.full(s.shape, 0.5)) * 1.1


def test_optimal_play_of_two_pulls_by_hand() -> None:
    """One half, then after a success the same arm (2/3), after a failure the other (1/2)."""
    assert two_armed_value(2, None) == pytest.approx(1 / 2 + (2 / 3 + 1 / 2) / 2)


def test_the_discounted_rule_uses_the_discounted_index() -> None:
    learner, successes, failures = gittins(3, 6, discount=0.9), torch.tensor([[1, 0, 0]]), torch.tensor([[1, 1, 0]])
    index = discounted(0.9, 6)
    order = np.argmax([index[1, 1], index[0, 1], index[0, 0]])
    assert int(learner.logits(successes, failures).argmax()) == order == 2
