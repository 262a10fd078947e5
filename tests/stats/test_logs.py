"""Geometric means against SciPy and independent arithmetic; no interval of a positive quantity reaches 0."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from bench import stats
from bench.errors import UsageError

seeds = st.integers(0, 2**32 - 1)
scales = st.floats(0.01, 100)


def errors(seed, count=None, sigma=1.5, episodes=40):
    rng = np.random.default_rng(seed)
    shape = episodes if count is None else (count, episodes)
    return np.exp(rng.normal(0, sigma, episodes) + rng.normal(0, 0.5, shape))


def ends(interval):
    return np.array([interval.mean, interval.low, interval.high])


def test_geometric_mean_is_scipys():
    x = errors(0)
    found = stats.geometric_mean(x)
    t = scipy.stats.ttest_1samp(np.log(x), 0.0).confidence_interval(0.95)
    assert found.mean == pytest.approx(scipy.stats.gmean(x), rel=1e-12)
    assert (found.low, found.high) == pytest.approx((math.exp(t.low), math.exp(t.high)), rel=1e-12)


def test_geometric_mean_of_seeds_is_the_crossed_interval_of_the_logs():
    x = errors(1, 4) * np.array([[1.0], [1.5], [2.0], [3.0]])
    logs = np.log(x)
    grand, by_seed, by_episode = logs.mean(), logs.mean(axis=1), logs.mean(axis=0)
    rest = logs - by_seed[:, None] - by_episode + grand
    ms = 40 * by_seed.var(ddof=1), 4 * by_episode.var(ddof=1), (rest**2).sum() / (3 * 39)
    assert min(ms[:2]) > ms[2]
    total = ms[0] + ms[1] - ms[2]
    df = total**2 / (ms[0] ** 2 / 3 + ms[1] ** 2 / 39 + ms[2] ** 2 / 117)
    half = scipy.stats.t.ppf(0.975, max(df, 3)) * math.sqrt(total / 160)
    assert ends(stats.geometric_mean(x)) == pytest.approx(np.exp([grand, grand - half, grand + half]), rel=1e-9)


def test_ratio_of_two_errors_is_the_paired_t_of_their_logs():
    a, b = errors(2), 2 * errors(3)
    found = stats.from_logs(stats.crossed_difference(stats.log_errors(a), stats.log_errors(b)))
    expected = scipy.stats.ttest_rel(np.log(a), np.log(b)).confidence_interval(0.95)
    assert found.mean == pytest.approx(scipy.stats.gmean(a) / scipy.stats.gmean(b))
    assert (found.low, found.high) == pytest.approx((math.exp(expected.low), math.exp(expected.high)))


@pytest.mark.parametrize("count", [None, 3])
@given(seed=seeds, scale=scales)
def test_a_unit_carries_over(count, seed, scale):
    x = errors(seed, count)
    for function in (stats.geometric_mean, lambda v: stats.bootstrap_t_interval(v, positive=True, resamples=200)):
        np.testing.assert_allclose(ends(function(scale * x)), scale * ends(function(x)), rtol=1e-9)
    assert stats.top_share(scale * x).share == pytest.approx(stats.top_share(x).share)


@pytest.mark.parametrize("count", [None, 2, 3])
@given(seed=seeds, sigma=st.sampled_from([0.1, 2.0, 6.0]), zeros=st.integers(0, 39))
def test_no_interval_of_an_error_reaches_0(count, seed, sigma, zeros):
    x = errors(seed, count, sigma)
    x[..., :zeros] = 0.0
    for interval in (stats.geometric_mean(x), stats.bootstrap_t_interval(x, positive=True, resamples=200)):
        assert 0 < interval.low <= interval.mean <= interval.high < math.inf


def test_one_far_training_pulls_the_crossed_interval_below_0_but_not_bootstrap_t():
    x = errors(5, 3) * np.array([[1.0], [1.0], [9.0]])
    assert stats.crossed_interval(x).low < 0
    assert stats.bootstrap_t_interval(x, positive=True).low > 0


@pytest.mark.parametrize("positive", [False, True])
def test_seeds_that_agree_add_nothing_to_bootstrap_t(positive):
    x = errors(6)
    one, three = (stats.bootstrap_t_interval(v, positive=positive) for v in (x, np.tile(x, (3, 1))))
    np.testing.assert_allclose(ends(three), ends(one), rtol=1e-12)
    assert three.method == "crossed bootstrap-t" and three.df == pytest.approx(one.df)


@pytest.mark.parametrize("positive", [False, True])
def test_seeds_join_each_arm_by_their_variance(positive):
    x = errors(7, 3) * np.array([[1.0], [1.5], [2.0]])
    one, found = (stats.bootstrap_t_interval(v, positive=positive) for v in (x.mean(axis=0), x))
    between = 40 * x.mean(axis=1).var(ddof=1)
    rest = x - x.mean(axis=1, keepdims=True) - x.mean(axis=0) + x.mean()
    half = scipy.stats.t.ppf(0.975, 2) * math.sqrt((between - (rest**2).sum() / (2 * 39)) / 120)
    scale = (lambda v: np.log(v) * one.mean) if positive else (lambda v: v)
    arms = [np.hypot(scale(one.mean) - scale(end), half) for end in (one.low, one.high)]
    assert np.abs(scale(ends(found)[1:]) - scale(found.mean)) == pytest.approx(arms, rel=1e-9)
    assert 2 < found.df < one.df and found.se == pytest.approx(math.hypot(one.se, half / scipy.stats.t.ppf(0.975, 2)))


def test_perfect_answers_count_as_the_floor():
    floor = stats.SMALLEST_ERROR
    assert stats.log_errors([0.0, floor / 10, floor]).tolist() == [math.log(floor)] * 3
    assert ends(stats.geometric_mean([0.0, 0.0, 1e-15])) == pytest.approx([floor] * 3)


@pytest.mark.parametrize(
    "call",
    [
        stats.log_errors,
        stats.geometric_mean,
        lambda x: stats.bootstrap_t_interval(x, positive=True, resamples=100),
    ],
)
def test_negative_errors_are_refused(call):
    with pytest.raises(UsageError, match=r"at least 0.*found -0.1"):
        call([0.5, -0.1, 0.3])


def test_one_outlier_among_zeros_has_a_positive_interval_and_says_t():
    found = stats.bootstrap_t_interval([0.0] * 30 + [1.0], positive=True)
    assert found.method == "t" and 0 < found.low < found.mean < found.high


def test_the_top_share_is_that_of_the_largest_hundredth():
    x = np.ones((2, 300))
    x[0, 7] = x[1, 8] = 99.0
    found = stats.top_share(x)
    assert (found.count, found.episodes) == (3, 300)
    assert found.share == pytest.approx((50 + 50 + 1) / (298 + 100)) and found.heavy
    assert stats.top_share(np.zeros(50)).share == 0.0 and not stats.top_share(np.ones(2000)).heavy
