"""The formulas against SciPy, statsmodels and independent arithmetic, to 1e-12."""

import math

import numpy as np
import pytest
import scipy.stats

from bench import stats
from bench.stats.classes import class_variance
from bench.stats.seeds import mean_squares

RNG = np.random.default_rng(7)
SCORES = RNG.normal(0.6, 0.1, 12)
OTHER = SCORES + RNG.normal(0.02, 0.05, 12)
MATRIX = RNG.normal(0.6, 0.1, (4, 9)) + RNG.normal(0, 0.05, (4, 1)) + RNG.normal(0, 0.2, 9)


def close(found, expected):
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_t_interval_is_scipys(level):
    found = stats.t_interval(SCORES, level)
    expected = scipy.stats.ttest_1samp(SCORES, 0.0).confidence_interval(level)
    close((found.low, found.high), (expected.low, expected.high))
    close(found.se, scipy.stats.sem(SCORES))


def test_paired_difference_is_scipys():
    found = stats.paired_difference(SCORES, OTHER)
    expected = scipy.stats.ttest_rel(SCORES, OTHER)
    close(found.p, expected.pvalue)
    close((found.low, found.high), tuple(expected.confidence_interval(0.95)))


def test_holm_is_statsmodels():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = RNG.random(20) ** 3
    close(stats.holm(p).tolist(), multitest.multipletests(p, method="holm")[1].tolist())


def test_mean_squares_are_those_of_a_two_way_analysis_of_variance():
    pandas = pytest.importorskip("pandas")
    formula = pytest.importorskip("statsmodels.formula.api")
    from statsmodels.stats.anova import anova_lm

    seed, episode = np.indices(MATRIX.shape)
    data = pandas.DataFrame({"y": MATRIX.ravel(), "seed": seed.ravel(), "episode": episode.ravel()})
    rows = anova_lm(formula.ols("y ~ C(seed) + C(episode)", data).fit())
    found = mean_squares(MATRIX)
    assert (found.seed, found.episode, found.interaction) == pytest.approx(
        tuple(rows["sum_sq"] / rows["df"]), rel=1e-10
    )


def test_crossed_interval_is_its_formula():
    ms = mean_squares(MATRIX)
    terms = [(ms.seed, 3), (ms.episode, 8), (-ms.interaction, 24)]
    numerator = sum(v for v, _ in terms)
    df = numerator**2 / sum(v**2 / k for v, k in terms)
    half = scipy.stats.t.ppf(0.975, df) * math.sqrt(numerator / 36)
    found = stats.crossed_interval(MATRIX)
    close((found.low, found.high), (MATRIX.mean() - half, MATRIX.mean() + half))


def test_crossed_interval_of_seeds_that_agree_is_the_t_interval_over_episodes():
    found, expected = stats.crossed_interval(np.tile(SCORES, (3, 1))), stats.t_interval(SCORES)
    close((found.low, found.high, found.df), (expected.low, expected.high, expected.df))


def test_crossed_interval_of_episodes_that_agree_is_the_t_interval_over_seeds():
    found, expected = stats.crossed_interval(np.tile(SCORES[:, None], 5)), stats.t_interval(SCORES)
    close((found.low, found.high, found.df), (expected.low, expected.high, expected.df))


def test_variance_split_adds_up_to_the_crossed_variance():
    split = stats.variance_split(MATRIX)
    close(sum(split.of_mean.values()), stats.crossed_interval(MATRIX).se ** 2)


def test_crossed_difference_is_its_formula():
    a, b = MATRIX, MATRIX[:3] * 0.5 + RNG.normal(0, 0.3, (3, 1))
    ms_a, ms_b, d = mean_squares(a), mean_squares(b), a.mean(axis=0) - b.mean(axis=0)
    seed_a, seed_b = ms_a.seed - ms_a.interaction, ms_b.seed - ms_b.interaction
    assert seed_a + seed_b > 0
    close(stats.crossed_difference(a, b).se ** 2, d.var(ddof=1) / 9 + seed_a / (9 * 4) + seed_b / (9 * 3))


def test_crossed_difference_without_seeds_is_the_paired_difference():
    assert stats.crossed_difference(SCORES, OTHER) == stats.paired_difference(SCORES, OTHER)


def test_open_interval_leaves_out_one_class_at_a_time():
    rng = np.random.default_rng(3)
    classes = np.argsort(rng.random((40, 8)), axis=1)[:, :2]
    x = rng.normal(0, 1, 8)[classes].mean(axis=1) + rng.normal(0, 0.3, 40)
    without = np.array([x[(classes != c).all(axis=1)].mean() for c in range(8)])
    fraction = np.array([(classes == c).any(axis=1).mean() for c in range(8)])
    se2 = x.var(ddof=1) / 40
    variance = 7 / 8 * (np.sum((without - x.mean()) ** 2) - se2 * np.sum(fraction / (1 - fraction)))
    assert variance > 0
    found = stats.open_interval(x, classes)
    half = scipy.stats.t.ppf(0.975, 7) * math.sqrt(variance + se2)
    close((found.low, found.high, found.df), (x.mean() - half, x.mean() + half, 7))


def test_a_cluster_is_left_out_with_all_its_classes():
    rng = np.random.default_rng(4)
    classes = np.argsort(rng.random((60, 12)), axis=1)[:, :3]
    x = rng.normal(size=60)
    cluster_of = np.arange(12) // 3
    merged = stats.open_interval(x, cluster_of[classes])
    assert stats.open_interval(x, classes, cluster_of) == merged
    assert class_variance(x, classes, cluster_of)[1] == 4


@pytest.mark.parametrize("flips", [10, 100_000])  # random flips, all 2 ** 12 patterns
def test_sign_flip_p_is_scipys_permutation_test(flips):
    d = SCORES - OTHER
    found = stats.sign_flip_p(d, flips=100_000 if flips > 4096 else 4000)
    exact = scipy.stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    if flips > 4096:
        close(found, exact)
    else:
        assert abs(found - exact) < 4 * math.sqrt(exact * (1 - exact) / 4000)


def test_mean_across_suites_is_the_delta_method():
    rows = [stats.t_interval(SCORES), stats.t_interval(OTHER), stats.crossed_interval(MATRIX)]
    found = stats.mean_across_suites(rows)
    close(found.mean, sum(r.mean for r in rows) / 3)
    close(found.se, math.sqrt(sum(r.se**2 for r in rows)) / 3)


def test_one_suite_is_its_own_mean():
    row = stats.t_interval(SCORES)
    found = stats.mean_across_suites([row])
    close((found.mean, found.low, found.high, found.sd), (row.mean, row.low, row.high, 0.0))


@pytest.mark.parametrize("sd, delta", [(3.0, 2.0), (4.5, 0.5), (6.0, 0.1)])
def test_episodes_needed_are_statsmodels_for_large_samples(sd, delta):
    power = pytest.importorskip("statsmodels.stats.power")
    exact = power.TTestPower().solve_power(delta / sd, power=0.8, alpha=0.05)
    assert exact - 2.5 <= stats.episodes_needed(sd, delta) <= exact + 1


def test_bootstrap_t_approaches_the_t_interval_of_a_large_symmetric_sample():
    x = np.random.default_rng(1).normal(0.6, 0.1, 2000)
    found, expected = stats.bootstrap_t_interval(x, resamples=4000), stats.t_interval(x)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.15 * expected.se)
    close(found.se, expected.se)


@pytest.mark.parametrize("delta", [1.0, 1.5, 3.0])
def test_plan_with_seeds_alone_is_a_t_test_over_seed_means(delta):
    def enough(seeds):
        df = 2 * (seeds - 1)
        return (scipy.stats.t.ppf(0.975, df) + scipy.stats.t.ppf(0.8, df)) * math.sqrt(0.5 / seeds) <= delta

    expected = next(seeds for seeds in range(2, 100) if enough(seeds))
    pilot = stats.PilotVariances(episode=0.0, seed=0.5, interaction=0.0)
    assert stats.plan(pilot, delta, episodes=[2000]) == [stats.Plan(2000, expected)]


def test_rank_intervals_count_only_significant_differences():
    """Two good learners that cannot be told apart, two bad ones that cannot either."""
    noise = np.random.default_rng(2).normal(0, 0.1, (4, 50))
    means = {"good": 0.9, "as good": 0.9, "bad": 0.5, "as bad": 0.5}
    comparisons = stats.compare_all({name: m + x for (name, m), x in zip(means.items(), noise, strict=True)})
    ranks = stats.rank_intervals(comparisons, higher_is_better=True)
    assert {(r.best, r.worst) for name, r in ranks.items() if "good" in name} == {(1, 2)}
    assert {(r.best, r.worst) for name, r in ranks.items() if "bad" in name} == {(3, 4)}
