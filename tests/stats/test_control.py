"""Control variates against an independent regression, and what they must survive."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import stats
from bench.errors import UsageError
from bench.stats.coverage.control_scenarios import ControlWorld

seeds = st.integers(0, 2**32 - 1)


def world(seed=0, n=200, k=3, stream=1000, **kwargs):
    scores, known, _ = ControlWorld(n, k, stream=stream, **kwargs).draw(np.random.default_rng(seed))
    return scores[:n], known


def by_hand(y, known, stream):
    """The formulas of the docstring, with the normal equations instead of a decomposition."""
    n, k = len(y), known.shape[1]
    z = np.empty(n)
    for i in range(n):
        others = [j for j in range(n) if j % 10 != i % 10]
        design = np.column_stack([np.ones(len(others)), known[others]])
        b = np.linalg.solve(design.T @ design, design.T @ y[others])[1:]
        z[i] = y[i] - b @ (known[i] - known.mean(axis=0))
    sy, sz = np.var(y, ddof=1), np.var(z, ddof=1)
    variance = sz * (1 / n - 1 / len(known)) if stream else sz / n + (sy - sz) / len(known)
    return z.mean(), math.sqrt(variance), n - 1 - k


@pytest.mark.parametrize("target", ["endless", "stream"])
def test_the_estimate_is_that_of_the_formulas(target):
    y, known = world()
    found = stats.control_variates(y, known, target=target)
    mean, se, df = by_hand(y, known, target == "stream")
    assert found.controls == (0, 1, 2) and found.episodes == 1000
    assert (found.sharpened.mean, found.sharpened.se, found.sharpened.df) == pytest.approx((mean, se, df), rel=1e-9)
    assert found.variance_ratio == pytest.approx((found.plain.se / se) ** 2) and found.variance_ratio > 1.5


def test_the_plain_interval_is_student_s():
    y, known = world()
    assert stats.control_variates(y, known).plain == stats.t_interval(y)
    stream = stats.control_variates(y, known, target="stream").plain
    assert stream.se == pytest.approx(stats.t_interval(y).se * math.sqrt(1 - 200 / 1000))


def test_a_control_that_is_the_learner_leaves_the_chance_of_the_stream_alone():
    """Then the estimate is the mean over the N episodes, known as well as N episodes know it."""
    _, known = world(n=100, k=1, stream=900)
    found = stats.control_variates(3.0 + 2.0 * known[:100, 0], known)
    assert found.sharpened.mean == pytest.approx(3.0 + 2.0 * known.mean())
    assert found.sharpened.se == pytest.approx(2.0 * np.std(known[:100], ddof=1) / math.sqrt(900))
    assert found.variance_ratio == pytest.approx(9.0)
    of_stream = stats.control_variates(3.0 + 2.0 * known[:100, 0], known, target="stream")
    assert of_stream.sharpened.se == pytest.approx(0.0, abs=1e-9)


def test_all_of_the_stream_gives_the_plain_mean():
    y, known = world(n=1000)
    found = stats.control_variates(y, known)
    assert found.sharpened.se == pytest.approx(found.plain.se) and found.sharpened.mean == pytest.approx(
        y.mean(), abs=0.1 * found.plain.se
    )


@given(seed=seeds, shift=st.floats(-50, 50), scale=st.floats(0.1, 50))
def test_units_of_the_learner_and_of_the_controls_do_not_matter(seed, shift, scale):
    y, known = world(seed, n=60, stream=120)
    found = stats.control_variates(y, known)
    other = stats.control_variates(shift + scale * y, known * [1e-3, 1.0, 1e4] + [5.0, -2.0, 1e3])
    assert other.sharpened.mean == pytest.approx(shift + scale * found.sharpened.mean, rel=1e-6, abs=1e-6 * scale)
    assert other.sharpened.se == pytest.approx(scale * found.sharpened.se, rel=1e-6)
    assert other.controls == found.controls


def test_controls_that_repeat_each_other_or_never_move_change_nothing():
    y, known = world()
    alone = stats.control_variates(y, known).sharpened
    twice = np.column_stack([np.full(1000, 0.7), known, known @ [0.2, 0.3, 0.5], 2 * known[:, 0] - 1])
    found = stats.control_variates(y, twice)
    assert found.controls == (1, 2, 3, 4, 5)
    assert found.sharpened.mean == pytest.approx(alone.mean, rel=1e-6)
    assert found.sharpened.se == pytest.approx(alone.se, rel=1e-6)


def test_a_control_that_moves_once_in_a_thousand_is_survived():
    y, known = world()
    rare = np.zeros((1000, 1))
    rare[3] = 1.0
    found = stats.control_variates(y, np.hstack([rare, known]))
    assert math.isfinite(found.sharpened.mean) and found.variance_ratio > 1.5


def test_few_episodes_use_few_controls_the_first_ones():
    y, known = world(k=6)
    assert stats.control_variates(y[:45], known).controls in ((0, 1, 2), ())
    few = stats.control_variates(y[:10], known)
    assert few.controls == () and few.sharpened == few.plain
    assert stats.control_variates(y, known[:, :0]).controls == ()


def test_without_a_common_difficulty_nothing_is_lost():
    """On average the sharpened mean is at most a few percent wider, and mostly the plain one stands."""
    found = [stats.control_variates(*world(seed, n=100, k=6, shared=0.0)) for seed in range(200)]
    assert all(f.variance_ratio >= 1.0 for f in found)
    errors = np.array([(f.plain.mean, f.sharpened.mean) for f in found])
    assert np.mean(errors[:, 1] ** 2) < 1.1 * np.mean(errors[:, 0] ** 2)
    assert sum(f.controls == () for f in found) > 100


def test_the_sharpened_means_are_as_much_closer_as_they_say():
    found = [stats.control_variates(*world(seed, n=100, k=3, stream=4000)) for seed in range(300)]
    plain, sharp = np.array([(f.plain.mean, f.sharpened.mean) for f in found]).T
    assert (plain @ plain) / (sharp @ sharp) == pytest.approx(np.median([f.variance_ratio for f in found]), rel=0.25)
    assert abs(sharp.mean()) < 3.5 * sharp.std() / math.sqrt(300)  # unbiased


def test_equal_scores_have_no_spread_to_explain():
    found = stats.control_variates(np.full(100, 0.5), world()[1])
    assert found.controls == () and found.variance_ratio == 1.0 and found.sharpened.se == 0.0


@pytest.mark.parametrize(
    "known, said",
    [
        (np.zeros(200), "shape \\[episodes, controls\\]"),
        (np.zeros((199, 1)), "at least the 200 scored episodes"),
        (np.full((300, 1), np.nan), "finite"),
    ],
)
def test_what_cannot_be_used_is_refused(known, said):
    with pytest.raises(UsageError, match=said):
        stats.control_variates(world()[0], known)


def test_a_shift_is_that_of_the_residuals():
    y, known = world(n=1000)
    found = stats.control_shift(y[:700], known[:700], y[700:] - 5.0, known[700:])
    b = np.linalg.lstsq(np.column_stack([np.ones(700), known[:700]]), y[:700], rcond=None)[0][1:]
    before, after = y[:700] - known[:700] @ b, y[700:] - 5.0 - known[700:] @ b
    assert found.sharpened.mean == pytest.approx(after.mean() - before.mean())
    assert found.sharpened.se == pytest.approx(math.hypot(before.std(ddof=1) / 700**0.5, after.std(ddof=1) / 300**0.5))
    assert found.plain.mean == pytest.approx(y[700:].mean() - 5.0 - y[:700].mean())
    assert found.sharpened.high < 0 and found.variance_ratio > 1.5


def test_a_shift_without_controls_is_welch_s():
    from scipy.stats import ttest_ind

    y, known = world(n=1000)
    found = stats.control_shift(y[:700], known[:700, :0], y[700:], known[700:, :0])
    low, high = ttest_ind(y[700:], y[:700], equal_var=False).confidence_interval(0.95)
    assert found.sharpened == found.plain
    assert (found.plain.low, found.plain.high) == pytest.approx((low, high), rel=1e-6)
    with pytest.raises(UsageError, match="Expected controls of shape"):
        stats.control_shift(y[:700], known[:600], y[700:], known[700:])


def test_a_plan_with_controls_is_the_first_number_that_is_enough():
    z = 1.959964 + 0.841621
    n = stats.episodes_needed_with_controls(4.5, 0.4, 10_000, 0.5)

    def variance(n):
        return 4.5**2 * (0.4 / n + 0.6 / 10_000)

    assert variance(n) <= (0.5 / z) ** 2 < variance(n - 1)
    assert stats.episodes_needed_with_controls(4.5, 1.0, 10_000, 0.5) == stats.episodes_needed(4.5, 0.5)
    assert stats.episodes_needed_with_controls(4.5, 0.1, 500, 0.5) == stats.episodes_needed(4.5, 0.5)
    with pytest.raises(UsageError, match="unexplained share"):
        stats.episodes_needed_with_controls(4.5, 1.2, 10_000, 0.5)
