"""Draws without replacement: distinct, uniform over ordered draws, equal for any block."""

from __future__ import annotations

from itertools import permutations as all_orders

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.philox import words
from bench.tasks.draws import distinct, permutations


def raw(rows: int, k: int, seed: int = 0) -> np.ndarray:
    return words(("draws", seed), 0, rows, k)


@settings(max_examples=60, deadline=None)
@given(k=st.integers(1, 25), extra=st.integers(0, 40), rows=st.integers(1, 50), seed=st.integers(0, 10**6))
def test_distinct_never_repeats_and_stays_in_range(k: int, extra: int, rows: int, seed: int) -> None:
    drawn = distinct(raw(rows, k, seed), k + extra)
    assert drawn.shape == (rows, k)
    assert drawn.min() >= 0 and drawn.max() < k + extra
    assert all(len(set(row)) == k for row in drawn.tolist())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), k=st.integers(1, 8), seed=st.integers(0, 10**6))
def test_rows_keep_to_their_own_population(data: st.DataObject, k: int, seed: int) -> None:
    population = np.array(data.draw(st.lists(st.integers(k, 30), min_size=1, max_size=20)))
    drawn = distinct(raw(len(population), k, seed), population)
    assert (drawn < population[:, None]).all()
    alone = [distinct(raw(len(population), k, seed)[[row]], int(population[row]))[0] for row in range(len(population))]
    assert (drawn == np.array(alone)).all()


def test_distinct_is_the_textbook_shuffle() -> None:
    """Against a Fisher-Yates shuffle that really builds the array."""
    source = raw(200, 6, seed=3)
    for row, drawn in zip(source, distinct(source, 11), strict=True):
        cells = list(range(11))
        for t in range(6):
            other = t + ((int(row[t]) >> 32) * (11 - t) >> 32)
            cells[t], cells[other] = cells[other], cells[t]
        assert cells[:6] == drawn.tolist()


def test_more_rows_than_a_chunk_change_nothing() -> None:
    source = raw(20_000, 4)
    drawn = distinct(source, 1000)
    assert (drawn[8_190:8_200] == distinct(source[8_190:8_200], 1000)).all()
    assert (drawn[-1] == distinct(source[-1:], 1000)[0]).all()


def test_too_small_a_population_is_refused() -> None:
    with pytest.raises(ValueError, match="can't draw 5 distinct items from 4"):
        distinct(raw(3, 5), np.array([9, 4, 9]))


def test_all_ordered_draws_are_equally_likely() -> None:
    drawn = distinct(raw(60_000, 3), 5)
    _, counts = np.unique(drawn @ [25, 5, 1], return_counts=True)
    assert len(counts) == 60
    assert stats.chisquare(counts).pvalue > 1e-3


def test_all_permutations_are_equally_likely() -> None:
    drawn = permutations(raw(48_000, 4))
    kinds, counts = np.unique(drawn, axis=0, return_counts=True)
    assert {tuple(kind) for kind in kinds.tolist()} == set(all_orders(range(4)))
    assert stats.chisquare(counts).pvalue > 1e-3


@settings(max_examples=30, deadline=None)
@given(k=st.integers(1, 60), rows=st.integers(1, 20), seed=st.integers(0, 10**6))
def test_permutations_are_permutations(k: int, rows: int, seed: int) -> None:
    assert (np.sort(permutations(raw(rows, k, seed)), axis=1) == np.arange(k)).all()
