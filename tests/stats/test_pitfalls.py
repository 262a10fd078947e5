"""Mistakes found in other harnesses' statistics, each with a test that would catch it here."""

import json
import math
import subprocess
import sys
import time

import numpy as np
import pytest

from bench import stats
from bench.errors import UsageError

RNG = np.random.default_rng(11)
EASY = RNG.normal(0.6, 0.1, 400)
A, B = EASY + RNG.normal(0.01, 0.02, 400), EASY + RNG.normal(0.0, 0.02, 400)


def test_pitfall_se_of_bootstrap_means():
    """The standard error is that of the mean, not the mean's over resamples: it does not shrink as resamples grow."""
    few, many = (stats.bootstrap_t_interval(A, resamples=r) for r in (200, 5000))
    assert few.se == many.se == pytest.approx(A.std(ddof=1) / math.sqrt(A.size), rel=1e-12)
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(1.0, abs=0.3)


def test_pitfall_ddof_0():
    assert stats.t_interval([1.0, 2.0, 3.0]).sd == 1.0  # not 0.816
    assert stats.paired_difference([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]).sd == 1.0
    assert stats.crossed_interval([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]).sd == 1.0


def test_pitfall_off_by_one_in_the_standard_error():
    """sd / sqrt(n): neither sqrt(n - 1) nor sqrt(n + 1), as a loop that starts counting at 0 gives."""
    assert stats.t_interval([0.0, 2.0, 0.0, 2.0]).se == pytest.approx(math.sqrt(4 / 3) / 2, rel=1e-15)


def test_pitfall_normal_quantile_at_small_n():
    found = stats.t_interval([1.0, 2.0, 3.0])
    assert found.high - found.mean == pytest.approx(4.302652729749464 * found.se, rel=1e-12)


def test_pitfall_unpaired_test_on_paired_data():
    """0.01 better on episodes whose difficulty varies by 0.1: plain when paired, invisible when not."""
    unpaired_se = math.hypot(stats.t_interval(A).se, stats.t_interval(B).se)
    paired = stats.paired_difference(A, B)
    assert paired.low > 0 and abs(A.mean() - B.mean()) < 1.96 * unpaired_se
    assert unpaired_se > 4 * paired.se


def test_pitfall_overlap_of_intervals_is_not_a_test():
    a, b = stats.t_interval(A), stats.t_interval(B)
    assert a.low < b.high and stats.paired_difference(A, B).p < 1e-6


@pytest.mark.parametrize(
    "call",
    [
        lambda seed: stats.bootstrap_t_interval(A, seed=seed),
        lambda seed: stats.sign_flip_p(A[:40] - B[:40] - 0.008, seed=seed),
    ],
    ids=["bootstrap_t_interval", "sign_flip_p"],
)
def test_pitfall_global_generator_behind_a_seed_argument(call):
    """Equal seeds give equal results whatever the global generator does, and leave it alone."""
    np.random.seed(1)  # noqa: NPY002 - the global generator is what the test is about
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = call(5)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert call(5) == first
    assert call(6) != first


def test_pitfall_a_seed_that_means_something_else_tomorrow():
    """Ends do not depend on NumPy's distributions: published ones can be recomputed."""
    found = stats.bootstrap_t_interval(np.arange(20.0) ** 2, seed=3, resamples=500)
    assert (found.low, found.high) == pytest.approx((74.25660038, 187.31155050), rel=1e-6)


def test_pitfall_draws_that_depend_on_the_block_size(monkeypatch):
    from bench.stats import bootstrap

    whole = stats.bootstrap_t_interval(A, resamples=300)
    monkeypatch.setattr(bootstrap, "_BLOCK", 7 * A.size)
    assert stats.bootstrap_t_interval(A, resamples=300) == whole


def test_pitfall_pooling_queries_as_independent():
    """A table of queries is refused; pooled, its standard error would be a third of the truth."""
    easy = RNG.beta(3, 2, (300, 1))
    hits = (RNG.random((300, 75)) < easy).astype(float)
    with pytest.raises(UsageError, match="one value per episode") as caught:
        stats.t_interval(hits)
    assert "Average within each episode" in caught.value.fix
    assert stats.t_interval(hits.mean(axis=1)).se > 3 * stats.t_interval(hits.ravel()).se


def test_pitfall_seeds_pooled_with_episodes():
    m = EASY + np.array([[0.0], [0.05], [-0.05]])
    assert stats.crossed_interval(m).se > 5 * stats.t_interval(m.ravel()).se


def test_pitfall_tie_break_in_favour_of_whoever_comes_first():
    tied = {"mine": [0.3, 0.1, 0.2], "theirs": [0.1, 0.2, 0.3], "worse": [0.1, 0.1, 0.1]}
    for column in (tied, dict(reversed(tied.items()))):
        ranks = stats.rank_intervals(stats.compare_all(column), higher_is_better=True)
        assert ranks["mine"].rank == ranks["theirs"].rank == 1 and ranks["worse"].rank == 3


def test_pitfall_ranks_that_ignore_the_direction_of_the_metric():
    ranks = stats.rank_intervals(stats.compare_all({"small": B, "large": A}), higher_is_better=False)
    assert ranks["small"] == stats.Rank(1, 1, 1)


def test_pitfall_mean_over_whichever_suites_are_there():
    there = stats.t_interval(A)
    gone = stats.Interval(math.nan, math.nan, math.nan, math.nan, math.nan, 0, "missing")
    with pytest.raises(UsageError, match="finite suite means"):
        stats.mean_across_suites([there, gone])
    with pytest.raises(UsageError, match="at least one suite"):
        stats.mean_across_suites([])


def test_pitfall_accuracies_as_strings():
    with pytest.raises(UsageError, match="Expected numbers"):
        stats.t_interval(["0.91", "0.93"])


def test_pitfall_failed_episodes_dropped_in_silence():
    with pytest.raises(UsageError) as caught:
        stats.t_interval([0.5, math.nan, 0.7])
    assert "floor" in caught.value.fix


def test_pitfall_p_value_of_0_from_a_permutation_test():
    assert stats.sign_flip_p(np.full(200, 1.0), flips=99) == 1 / 100


def test_pitfall_statistics_that_break_with_a_pandas_version():
    """The package needs NumPy alone to import, SciPy to compute, and nothing else of weight."""
    program = (
        "import json, sys; import bench.stats as s; light = sorted(sys.modules); s.t_interval([1.0, 2.0]); "
        "print(json.dumps([light, sorted(sys.modules)]))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    light, used = (set(modules) for modules in json.loads(out.stdout))
    assert not light & {"scipy", "pandas", "torch", "pydantic", "pyarrow", "bench.stats.coverage"}
    assert not used & {"scipy.stats", "pandas", "torch"}


def test_pitfall_an_interval_slower_than_the_run():
    x = np.random.default_rng(0).lognormal(size=2000)
    started = time.perf_counter()
    stats.bootstrap_t_interval(x, resamples=2000)
    stats.sign_flip_p(x - 1.6)
    assert time.perf_counter() - started < 1.0  # measured: 0.2 s
