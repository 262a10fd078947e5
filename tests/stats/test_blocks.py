"""Block means: what they keep, what they leave out, and what they refuse."""

import numpy as np
import pytest

from bench.errors import UsageError
from bench.stats import block_means, crossed_interval, t_interval


def test_whole_blocks_are_averaged_and_the_mean_stays():
    scores = np.random.default_rng(0).normal(size=(3, 2000))
    found = block_means(scores, 16)
    assert found.shape == (3, 125)
    assert found[1, 7] == pytest.approx(sum(scores[1, 112:128]) / 16)
    assert crossed_interval(found).mean == pytest.approx(scores.mean(), rel=1e-12)


def test_an_incomplete_block_is_left_out():
    scores = np.arange(20.0)
    assert np.array_equal(block_means(scores, 8), block_means(scores[:16], 8))
    assert block_means(scores[:7], 8).size == 0


def test_blocks_of_one_change_nothing():
    scores = np.random.default_rng(1).normal(size=50)
    assert t_interval(block_means(scores, 1)) == t_interval(scores)


def test_independent_episodes_lose_little_by_blocks():
    scores = np.random.default_rng(2).normal(size=10_000)
    assert t_interval(block_means(scores, 16)).se == pytest.approx(t_interval(scores).se, rel=0.1)


@pytest.mark.parametrize(("scores", "block"), [([1.0, np.nan], 2), ([1.0, 2.0], 0)])
def test_what_has_no_blocks_is_refused(scores, block):
    with pytest.raises(UsageError, match="Expected"):
        block_means(scores, block)
