"""Trials of exploration as arrays: random access, marginals, and luck that no policy can change."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.domains.exploration.task import ExplorationTask
from bench.domains.exploration.trials import (
    BanditStream,
    BanditTrials,
    MDPStream,
    MDPTrials,
    TrialStream,
    gumbel_noise,
    luck_words,
)
from bench.tasks.registry import find_suite
from tests.streams import frozen_stream, training_source

SUITES = ("bandit-n10k5", "bandit-n100k10", "mdp-n10")


@cache
def stream(name: str) -> TrialStream:
    found = frozen_stream(find_suite(name), "test")
    assert isinstance(found, BanditStream | MDPStream)
    return found


@cache
def bandits(n: int = 4_000) -> BanditTrials:
    found = stream("bandit-n10k5")
    assert isinstance(found, BanditStream)
    return found.block(0, n)


@cache
def mdps(n: int = 400) -> MDPTrials:
    found = stream("mdp-n10")
    assert isinstance(found, MDPStream)
    return found.block(0, n)


def arrays(name: str, first: int, n: int) -> dict[str, np.ndarray]:
    found = stream(name)
    noise = gumbel_noise(found.stream, found.task, first, n)
    return {key: value for key, value in vars(found.block(first, n)).items() if key != "first"} | {"gumbel": noise}


@pytest.mark.parametrize("name", SUITES)
@settings(max_examples=15, deadline=None)
@given(first=st.integers(0, 10_000), n=st.integers(1, 6), inside=st.data())
def test_a_trial_does_not_depend_on_how_many_are_drawn(name: str, first: int, n: int, inside: st.DataObject) -> None:
    one = inside.draw(st.integers(0, n - 1))
    many, single = arrays(name, first, n), arrays(name, first + one, 1)
    for field, value in single.items():
        assert np.array_equal(many[field][one : one + 1], value), field


@pytest.mark.parametrize("name", SUITES)
def test_every_word_is_used_once_and_streams_share_none(name: str) -> None:
    suite = find_suite(name)
    assert isinstance(suite.task, ExplorationTask)
    drawn = [
        np.concatenate([part.ravel() for part in luck_words(s, 0, 20)])
        for s in (frozen_stream(suite, "test"), frozen_stream(suite, "val"), training_source(suite).stream)
        if isinstance(s, BanditStream | MDPStream)
    ]
    every = np.concatenate(drawn)
    assert len(drawn) == 3 and len(np.unique(every)) == len(every)
    of_a_trial = {key: value[0].size for key, value in arrays(name, 0, 1).items()}
    assert sum(of_a_trial.values()) * 20 == len(drawn[0])


def test_arms_are_uniform_and_pulls_pay_as_often_as_the_arm_says() -> None:
    found = bandits()
    assert stats.kstest(found.means.ravel(), "uniform").pvalue > 1e-3
    assert set(np.unique(found.rewards)) == {0.0, 1.0}
    z = (found.rewards - found.means[:, :, None]) / np.sqrt(found.means * (1 - found.means))[:, :, None]
    assert abs(z.mean()) * np.sqrt(z.size) < 4, "unbiased"
    assert abs((z**2).mean() - 1) < 0.1, "Bernoulli"
    halves = z[:, :, :5].sum(2) * z[:, :, 5:].sum(2) / 5
    assert abs(halves.mean()) * np.sqrt(halves.size) < 4, "pulls of one arm are independent"


def test_transition_rows_are_flat_dirichlet() -> None:
    rows = mdps().transitions
    assert rows.min() >= 0 and np.allclose(rows.sum(-1), 1, atol=1e-12)
    flat = rows.reshape(-1, 10)
    for state in range(10):  # a component of Dirichlet(1, ..., 1) is Beta(1, S - 1)
        assert stats.kstest(flat[:2_000, state], stats.beta(1, 9).cdf).pvalue > 1e-3
    pair = np.corrcoef(flat[:, 0], flat[:, 1])[0, 1]
    assert abs(pair + 1 / 9) < 4 / np.sqrt(len(flat)), "components of a flat Dirichlet have correlation -1 / (S - 1)"


def test_rewards_and_noise_are_normal() -> None:
    found = mdps()
    assert stats.kstest(found.means.ravel(), "norm", (1, 1)).pvalue > 1e-3
    assert stats.kstest(found.noise.ravel(), "norm").pvalue > 1e-3
    assert stats.kstest(found.moves.ravel(), "uniform").pvalue > 1e-3


def test_action_noise_is_gumbel_and_draws_from_the_softmax() -> None:
    found = stream("bandit-n100k10")
    noise = gumbel_noise(found.stream, found.task, 0, 200)
    assert noise.shape == (200, 100, 10) and np.isfinite(noise).all()
    assert stats.kstest(noise[:, 0].ravel(), "gumbel_r").pvalue > 1e-3
    logits = np.linspace(-1, 2, 10)
    counts = np.bincount((logits + noise).argmax(-1).ravel(), minlength=10)
    expected = np.exp(logits) / np.exp(logits).sum() * counts.sum()
    assert stats.chisquare(counts, expected).pvalue > 1e-3
