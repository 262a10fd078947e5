"""What must not change a result, and what must change it in a known way."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import stats

EPISODES = 14
CLASSES = np.array([[i % 7, (i + 1 + i // 7) % 7] for i in range(EPISODES)])

seeds = st.integers(0, 2**32 - 1)
shifts = st.floats(-100, 100)
scales = st.floats(0.01, 100)


def scores(seed, count=None):
    rng = np.random.default_rng(seed)
    if count is None:
        return rng.normal(0.5, 0.2, EPISODES) + rng.normal(0, 0.1, 7)[CLASSES].mean(axis=1)
    return rng.normal(0.5, 0.2, (count, EPISODES)) + rng.normal(0, 0.1, (count, 1)) + rng.normal(0, 0.3, EPISODES)


INTERVALS = {
    "t": (stats.t_interval, None),
    "bootstrap-t": (lambda x: stats.bootstrap_t_interval(x, resamples=200), None),
    "open": (lambda x: stats.open_interval(x, CLASSES), None),
    "open, seeds": (lambda x: stats.open_interval(x, CLASSES), 3),
    "crossed": (stats.crossed_interval, 3),
}
by_name = pytest.mark.parametrize("name", INTERVALS)


def ends(interval):
    return np.array([interval.mean, interval.low, interval.high])


@by_name
@given(seed=seeds, shift=shifts, scale=scales)
def test_shift_and_scale_carry_over(name, seed, shift, scale):
    function, count = INTERVALS[name]
    x = scores(seed, count)
    expected = shift + scale * ends(function(x))
    np.testing.assert_allclose(ends(function(shift + scale * x)), expected, rtol=1e-7, atol=1e-7 * (scale + 1))


@by_name
@given(seed=seeds)
def test_a_flip_of_the_sign_swaps_the_ends(name, seed):
    function, count = INTERVALS[name]
    x = scores(seed, count)
    np.testing.assert_allclose(ends(function(-x))[[0, 2, 1]], -ends(function(x)), rtol=1e-9, atol=1e-12)


@given(seed=seeds, order=st.permutations(range(EPISODES)))
def test_the_order_of_episodes_does_not_matter(seed, order):
    x, m = scores(seed), scores(seed, 3)
    np.testing.assert_allclose(ends(stats.t_interval(x[order])), ends(stats.t_interval(x)), rtol=1e-9)
    np.testing.assert_allclose(ends(stats.crossed_interval(m[:, order])), ends(stats.crossed_interval(m)), rtol=1e-7)
    found = stats.open_interval(x[order], CLASSES[order])
    np.testing.assert_allclose(ends(found), ends(stats.open_interval(x, CLASSES)), rtol=1e-7)


@given(seed=seeds, order=st.permutations(range(4)))
def test_the_order_of_seeds_does_not_matter(seed, order):
    a, b = scores(seed, 4), scores(seed + 1, 4)
    np.testing.assert_allclose(ends(stats.crossed_interval(a[order])), ends(stats.crossed_interval(a)), rtol=1e-7)
    found = stats.crossed_difference(a[order], b)
    np.testing.assert_allclose(ends(found), ends(stats.crossed_difference(a, b)), rtol=1e-7, atol=1e-12)


@given(seed=seeds, order=st.permutations(range(7)))
def test_the_numbering_of_classes_does_not_matter(seed, order):
    x, renumbered = scores(seed), 3 + 5 * np.array(order)
    found = stats.open_interval(x, renumbered[CLASSES])
    np.testing.assert_allclose(ends(found), ends(stats.open_interval(x, CLASSES)), rtol=1e-9)


@given(seed=seeds)
def test_swapping_a_and_b_flips_the_sign(seed):
    for a, b, compare in [
        (scores(seed), scores(seed + 1), stats.paired_difference),
        (scores(seed, 3), scores(seed + 1, 5), stats.crossed_difference),
        (scores(seed, 3), scores(seed + 1), stats.crossed_difference),
    ]:
        forth, back = compare(a, b), compare(b, a)
        np.testing.assert_allclose(ends(back)[[0, 2, 1]], -ends(forth), rtol=1e-9, atol=1e-12)
        assert back.p == pytest.approx(forth.p, rel=1e-9)


@given(seed=seeds, shift=shifts)
def test_a_common_shift_cancels_in_a_difference(seed, shift):
    a, b = scores(seed, 3), scores(seed + 1, 3)
    found = stats.crossed_difference(a + shift, b + shift)
    np.testing.assert_allclose(ends(found), ends(stats.crossed_difference(a, b)), rtol=1e-7, atol=1e-9)


@given(seed=seeds)
def test_an_interval_that_misses_0_has_p_below_its_level_and_the_other_way_round(seed):
    d = stats.crossed_difference(scores(seed, 3) + 0.3, scores(seed + 1, 3))
    assert (d.low > 0 or d.high < 0) == (d.p < 0.05)


@by_name
@given(seed=seeds)
def test_the_mean_lies_inside_and_the_open_interval_is_the_wider(name, seed):
    function, count = INTERVALS[name]
    interval = function(scores(seed, count))
    assert interval.low <= interval.mean <= interval.high
    if name == "open":
        closed = stats.t_interval(scores(seed))
        assert interval.low <= closed.low and closed.high <= interval.high


@given(p=st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p):
    adjusted = stats.holm(p) if p else np.array([])
    assert (adjusted >= np.array(p)).all() and (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


@given(seed=seeds, count=st.integers(2, 6), step=st.sampled_from([0.0, 0.1, 0.5]))
def test_ranks_stay_in_the_column_and_a_learner_lies_in_its_own_interval(seed, count, step):
    rng = np.random.default_rng(seed)
    column = {f"l{k}": k * step + rng.normal(0, 0.2, 30) for k in range(count)}
    ranks = stats.rank_intervals(stats.compare_all(column), higher_is_better=True)
    assert all(1 <= r.best <= r.rank <= r.worst <= count for r in ranks.values())
    assert sorted(ranks, key=lambda name: ranks[name].rank) == sorted(column, key=lambda n: -column[n].mean())
    mirrored = stats.rank_intervals(stats.compare_all({name: -x for name, x in column.items()}), higher_is_better=False)
    assert mirrored == ranks


@given(seed=seeds)
def test_a_smaller_difference_never_needs_fewer_seeds(seed):
    a, b = scores(seed, 3), scores(seed + 1, 3)
    pilot = stats.pilot_variances(a, b)
    coarse, fine = (stats.plan(pilot, delta, episodes=[100, 1000]) for delta in (0.4, 0.2))
    for few, many in zip(coarse, fine, strict=True):
        assert many.seeds is None or (few.seeds is not None and few.seeds <= many.seeds)


def test_results_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        stats.t_interval([1.0, 2.0]).mean = 0.0
