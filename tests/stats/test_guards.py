"""Input no statistic can answer for is refused; input without spread gets an exact answer."""

import numpy as np
import pytest

from bench import stats
from bench.errors import UsageError

X = np.array([0.5, 0.7, 0.6, 0.9, 0.4, 0.8])
M = np.stack([X, X[::-1], X + 0.1])
C = np.array([[0, 1], [2, 3], [1, 2], [0, 3], [1, 3], [0, 2]])

CALLS = {
    "t_interval": lambda x: stats.t_interval(x[0]),
    "bootstrap_t_interval": lambda x: stats.bootstrap_t_interval(x[0], resamples=100),
    "open_interval": lambda x: stats.open_interval(x[0], C[: x.shape[1]]),
    "open_interval, seeds": lambda x: stats.open_interval(x, C[: x.shape[1]]),
    "crossed_interval": stats.crossed_interval,
    "variance_split": stats.variance_split,
    "paired_difference": lambda x: stats.paired_difference(np.ones(x.shape[1]), x[0]),
    "crossed_difference": lambda x: stats.crossed_difference(x, np.ones(x.shape[1])),
    "sign_flip_p": lambda x: stats.sign_flip_p(x[0]),
    "compare_all": lambda x: stats.compare_all({"a": x, "b": np.ones(x.shape[1])}),
    "pilot_variances": lambda x: stats.pilot_variances(x, np.ones(x.shape[1])),
}
every = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_count_and_place(call, value):
    bad = M.copy()
    bad[0, 2] = value
    with pytest.raises(UsageError, match=r"finite .*found 1 of \d+ not finite, the first at position 2"):
        call(bad)


@every
def test_one_episode_has_no_interval(call):
    with pytest.raises(UsageError, match="at least 2"):
        call(M[:, :1])


@every
def test_text_is_refused_not_parsed(call):
    with pytest.raises(UsageError, match="Expected numbers"):
        call(M.astype(str))


@pytest.mark.parametrize("call", [stats.crossed_interval, stats.variance_split, lambda x: stats.open_interval(x, C)])
def test_one_seed_says_nothing_about_the_algorithm(call):
    with pytest.raises(UsageError, match=r"2 seeds.*found 1") as caught:
        call(M[:1])
    assert "checkpoint" in caught.value.fix
    with pytest.raises(UsageError, match="2 seeds"):
        stats.crossed_difference(M, M[:1])


@pytest.mark.parametrize("level", [0.0, 1.0, 95, -0.5, float("nan")])
def test_a_level_is_a_fraction(level):
    with pytest.raises(UsageError, match="level strictly between 0 and 1"):
        stats.t_interval(X, level)


def test_differences_need_common_episodes():
    for compare in (stats.paired_difference, stats.crossed_difference):
        with pytest.raises(UsageError, match="same episodes; found 6 and 5"):
            compare(X, X[:5])


@pytest.mark.parametrize(
    "classes, cluster_of, message",
    [
        (C[:5], None, "classes of 6 episodes; found those of 5"),
        (C.astype(float), None, "non-negative integers"),
        (C - 1, None, "non-negative integers"),
        (C[:, 0], None, "with 2 axes"),
        (np.zeros_like(C), None, "without each class"),
        (np.tile([0, 1], (6, 1)), None, "one of them in all 6 episodes"),
        (C, [0, 0, 1], "cluster for class 3"),
        (C, [0, 0, 0, 0], "found 1 classes"),
    ],
)
def test_classes_that_do_not_fit_are_refused(classes, cluster_of, message):
    with pytest.raises(UsageError, match=message):
        stats.open_interval(X, classes, cluster_of)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1.0, 1 / 3])
def test_no_spread_gives_an_interval_of_length_0(constant):
    flat = np.full((3, 6), constant)
    for interval in (
        stats.t_interval(flat[0]),
        stats.bootstrap_t_interval(flat[0]),
        stats.open_interval(flat[0], C),
        stats.open_interval(flat, C),
        stats.crossed_interval(flat),
    ):
        assert (interval.mean, interval.low, interval.high, interval.se) == (constant, constant, constant, 0.0)


def test_identical_methods_differ_by_exactly_nothing():
    for d in (
        stats.paired_difference(X, X),
        stats.crossed_difference(X, X),
        stats.crossed_difference(M, M.copy()),
        stats.compare_all({"a": M, "b": M})[0].difference,
    ):
        assert (d.mean, d.low, d.high, d.p) == (0.0, 0.0, 0.0, 1.0)
    assert stats.sign_flip_p(X - X) == 1.0


def test_a_constant_advantage_is_certain():
    d = stats.paired_difference([0.5, 0.75, 0.25], [0.25, 0.5, 0.0])
    assert (d.low, d.high, d.p) == (0.25, 0.25, 0.0)


def test_one_outlier_among_equal_values_falls_back_to_t_and_says_so():
    found = stats.bootstrap_t_interval([0.0] * 30 + [1.0])
    assert found.method == "t" and np.isfinite([found.low, found.high]).all()


def test_too_few_resamples_for_the_level():
    with pytest.raises(UsageError, match="at least 39 resamples"):
        stats.bootstrap_t_interval(X, resamples=38)
    assert stats.bootstrap_t_interval(np.arange(30.0), resamples=39).method == "bootstrap-t"


def test_p_values_are_probabilities():
    for p in ([0.5, 1.1], [-0.1], [[0.1]], [np.nan]):
        with pytest.raises(UsageError):
            stats.holm(p)
    assert stats.holm([]).size == 0


def test_comparisons_need_two_learners_and_all_pairs():
    with pytest.raises(UsageError, match="at least 2 learners"):
        stats.compare_all({"a": X})
    three = stats.compare_all({"a": X, "b": X + 0.1, "c": X - 0.1})
    for pairs in (three[:2], [*three, three[0]]):
        with pytest.raises(UsageError, match="all 3 pairs"):
            stats.rank_intervals(pairs, higher_is_better=True)


def test_an_unknown_reference_gets_the_near_names():
    with pytest.raises(UsageError, match="Did you mean 'protonet'"):
        stats.compare_to("protnet", {"protonet": X, "maml": X})


def test_sign_flips_and_plans_refuse_the_impossible():
    calls = [
        lambda: stats.sign_flip_p(X, flips=0),
        lambda: stats.episodes_needed(0.0, 1.0),
        lambda: stats.episodes_needed(1.0, -1.0),
        lambda: stats.episodes_needed(1.0, 1.0, power=1.0),
        lambda: stats.plan(stats.PilotVariances(1.0, 1.0, 1.0), delta=0.0),
        lambda: stats.plan(stats.PilotVariances(1.0, 1.0, 1.0), delta=1.0, episodes=[1]),
        lambda: stats.plan(stats.PilotVariances(1.0, 1.0, 1.0), delta=1.0, episodes=[]),
    ]
    for call in calls:
        with pytest.raises(UsageError):
            call()


def test_a_plan_that_no_number_of_seeds_fulfils_says_none():
    hopeless = stats.PilotVariances(episode=100.0, seed=0.0, interaction=0.0)
    assert [p.seeds for p in stats.plan(hopeless, delta=0.1, episodes=[600, 10**6])] == [None, 2]
