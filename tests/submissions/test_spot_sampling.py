"""Which episodes are asked again: unforeseeable, repeatable, and as likely to meet an alteration as is claimed."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.submissions.spot_sampling import chosen_episodes, detection_probability, salt

SHA = "5b" * 32


@settings(deadline=None)  # the clock of a busy machine says nothing
@given(n=st.integers(1, 10_000), k=st.integers(1, 200), nonce=st.text(max_size=20))
def test_distinct_sorted_within_range(n: int, k: int, nonce: str) -> None:
    chosen = chosen_episodes(SHA, nonce, n, k)
    assert len(chosen) == min(n, k) and (np.diff(chosen) > 0).all()
    assert chosen[0] >= 0 and chosen[-1] < n
    assert np.array_equal(chosen, chosen_episodes(SHA, nonce, n, k))


def test_scores_and_nonce_both_matter() -> None:
    drawn = {tuple(chosen_episodes(sha, nonce, 2_000, 60)) for sha in (SHA, "0" * 64) for nonce in ("a", "b")}
    assert len(drawn) == 4
    assert len({salt("a"), salt("b"), 0}) == 3


def test_every_episode_is_as_likely() -> None:
    counts = np.zeros(50)
    for nonce in range(2_000):
        counts[chosen_episodes(SHA, str(nonce), 50, 10)] += 1
    expected = 2_000 * 10 / 50
    chi2 = float(((counts - expected) ** 2 / (expected * (1 - 10 / 50))).sum())
    assert chi2 < 49 + 5 * math.sqrt(2 * 49)


def test_sixty_episodes_find_five_percent_altered() -> None:
    """The must-show number: closed form .956 (with replacement 1 - .95^60 = .954), and the frequency of real draws."""
    altered = np.arange(0, 2_000, 20)  # 5 % of the official prefix; which ones makes no difference
    claimed = detection_probability(2_000, len(altered), 60)
    assert claimed == pytest.approx(1 - math.comb(1_900, 60) / math.comb(2_000, 60), rel=1e-12)
    assert abs(claimed - (1 - 0.95**60)) < 0.003
    tries = 2_000
    found = sum(bool(np.isin(chosen_episodes(SHA, str(t), 2_000, 60), altered).any()) for t in range(tries)) / tries
    margin = NormalDist().inv_cdf(0.9999) * math.sqrt(claimed * (1 - claimed) / tries)
    assert abs(found - claimed) < margin


@pytest.mark.parametrize(("n", "altered", "k"), [(100, 0, 10), (100, 100, 1), (100, 91, 10), (10, 1, 10), (50, 3, 99)])
def test_extremes(n: int, altered: int, k: int) -> None:
    exact = 1 - math.comb(n - altered, min(k, n)) / math.comb(n, min(k, n))
    assert detection_probability(n, altered, k) == pytest.approx(exact, abs=1e-12)
