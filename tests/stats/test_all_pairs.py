"""All pairs at once are the pairs one by one, to the bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bench.errors import UsageError
from bench.stats import crossed_difference
from bench.stats.pairs import all_differences


def columns() -> list[np.ndarray]:
    """Learners with and without seeds, constant ones, equal ones, and one whose zeros have signs."""
    rng = np.random.default_rng(0)
    found = [rng.binomial(75, 0.7, (seeds, 301)) / 75 for seeds in (3, 3, 5, 2)]
    found += [rng.lognormal(size=301), rng.random(301), np.full(301, 0.3), np.full((3, 301), 0.2)]
    found += [found[0].copy(), found[4].copy(), np.zeros((2, 301)), -np.zeros((2, 301))]
    return found


def test_every_pair_is_the_one_that_is_computed_alone() -> None:
    scores = columns()
    expected = [crossed_difference(a, b) for a, b in itertools.combinations(scores, 2)]
    assert repr(list(all_differences(scores))) == repr(expected)


def test_many_learners_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(all_differences(columns()))
    monkeypatch.setattr("bench.stats.pairs._ROWS", 3)
    assert list(all_differences(columns())) == whole


def test_other_episodes_are_refused() -> None:
    with pytest.raises(UsageError, match="same episodes"):
        list(all_differences([np.arange(5.0), np.arange(6.0)]))
