"""Two one-sided tests: the three answers, what widens or narrows does to them, and what would end an open case."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from bench.errors import UsageError
from bench.stats import Interval, Needed, equivalence, needed_to_decide
from bench.stats.equivalence import difference_ends
from bench.stats.intervals import student_interval

EXACT = student_interval(0.0, 0.0, 1.0, 100, math.inf, 0.95, "t")
_means = st.floats(-3, 3)
_errors = st.floats(0.01, 1)
_dfs = st.sampled_from([2.0, 3.5, 10.0, 1999.0, math.inf])


def known(mean: float, se: float, df: float = math.inf) -> Interval:
    return student_interval(mean, se, 1.0, 100, df, 0.95, "t")


@given(_means, _errors, _dfs, st.floats(0.01, 3))
def test_equivalent_is_exactly_that_both_one_sided_tests_reject(
    mean: float, se: float, df: float, margin: float
) -> None:
    """Against an exact number the answer is Schuirmann's, computed from p-values instead of an interval."""
    below = scipy_stats.t.sf((mean + margin) / se, df)  # H0: mean <= -margin
    above = scipy_stats.t.cdf((mean - margin) / se, df)  # H0: mean >= margin
    if abs(max(below, above) - 0.05) > 1e-9:
        assert (equivalence(known(mean, se, df), EXACT, margin).kind == "equivalent") == (max(below, above) < 0.05)


@given(_means, _errors, _dfs, st.floats(0.01, 3))
def test_different_is_a_two_sided_test_that_rejects_and_is_not_within_the_margin(
    mean: float, se: float, df: float, margin: float
) -> None:
    found = equivalence(known(mean, se, df), EXACT, margin)
    p = 2 * scipy_stats.t.sf(abs(mean) / se, df)
    if found.kind != "equivalent" and abs(p - 0.05) > 1e-9:
        assert (found.kind == "different") == (p < 0.05)
    assert found.low <= found.difference <= found.high and found.difference == pytest.approx(mean)


def test_a_sure_difference_within_the_margin_is_equivalent() -> None:
    assert equivalence(known(0.5, 0.01), EXACT, margin=1.0).kind == "equivalent"
    assert equivalence(known(0.5, 0.01), EXACT, margin=0.4).kind == "different"


@given(_means, _errors, _errors, st.floats(0.01, 3), st.floats(1, 5))
def test_more_uncertainty_never_makes_equivalent(mean: float, a: float, b: float, margin: float, wider: float) -> None:
    if equivalence(known(mean, a * wider), known(0, b), margin).kind == "equivalent":
        assert equivalence(known(mean, a), known(0, b), margin).kind == "equivalent"


@given(_means, _errors, _errors, st.sampled_from([0.8, 0.9, 0.95]))
def test_normal_ends_are_the_usual_ones(mean: float, a: float, b: float, level: float) -> None:
    half = scipy_stats.norm.ppf(0.5 + level / 2) * math.hypot(a, b)
    assert difference_ends(known(mean, a), known(1, b), level) == pytest.approx((mean - 1 - half, mean - 1 + half))


@given(_errors, _errors, _dfs, _dfs)
def test_never_narrower_than_welch(a: float, b: float, df_a: float, df_b: float) -> None:
    low, high = difference_ends(known(0, a, df_a), known(0, b, df_b), 0.95)
    df = (a**2 + b**2) ** 2 / (a**4 / df_a + b**4 / df_b or 1e-300)
    assert high - low >= 2 * scipy_stats.t.ppf(0.975, df) * math.hypot(a, b) * (1 - 1e-6)


def test_ends_that_are_not_symmetric_stay_so() -> None:
    skewed = Interval(1.0, 0.9, 1.4, 0.1, 1.0, 100, "bootstrap-t")
    low, high = difference_ends(skewed, EXACT, 0.95)
    assert (low, high) == pytest.approx((0.9, 1.4))
    assert difference_ends(EXACT, skewed, 0.95) == pytest.approx((-1.4, -0.9))


@pytest.mark.parametrize("margin", [0.0, -1.0, math.nan])
def test_a_margin_is_above_zero(margin: float) -> None:
    with pytest.raises(UsageError, match="margin"):
        equivalence(EXACT, EXACT, margin)


def three_seeds(mean: float, over_seeds: float, seeds: int = 3, n: int = 2000) -> Interval:
    """A mean with standard deviations of `over_seeds` over trainings, 10 over episodes; fewest degrees of freedom."""
    se = math.hypot(over_seeds / math.sqrt(seeds), 10 / math.sqrt(n))
    return student_interval(mean, se, 10.0, n, seeds - 1.0, 0.95, "crossed-t")


@pytest.mark.parametrize("over_seeds", [1.2, 2.0, 4.0])
@pytest.mark.parametrize("mean", [0.0, 0.3, -0.8, 1.5])
def test_as_many_seeds_as_it_says_decide_it_and_half_of_them_do_not(mean: float, over_seeds: float) -> None:
    theirs = known(0.0, 0.1)
    if equivalence(three_seeds(mean, over_seeds), theirs, 1.0).kind != "inconclusive":
        return
    seeds = needed_to_decide(three_seeds(mean, over_seeds), theirs, 1.0, seeds=3).seeds
    assert seeds is not None and seeds > 3
    if seeds <= 100:
        assert equivalence(three_seeds(mean, over_seeds, seeds + seeds // 5 + 1), theirs, 1.0).kind != "inconclusive"
        assert equivalence(three_seeds(mean, over_seeds, seeds // 2 + 1), theirs, 1.0).kind == "inconclusive"


def test_episodes_are_asked_for_where_no_number_of_seeds_is_enough() -> None:
    few = three_seeds(0.5, 1.0, n=400)
    for seeds in (3, None):
        needed = needed_to_decide(few, known(0.0, 0.1), 1.0, seeds)
        assert needed.seeds is None and needed.episodes is not None and needed.episodes > 400
        enough = student_interval(0.5, 10 / math.sqrt(needed.episodes), 10.0, 1, math.inf, 0.95, "t")
        assert equivalence(enough, known(0.0, 0.1), 1.0).kind != "inconclusive"


def test_nothing_of_ours_helps_where_theirs_is_too_uncertain() -> None:
    assert needed_to_decide(three_seeds(0.3, 1.0), known(0.0, 1.0), 1.0, 3) == Needed()
