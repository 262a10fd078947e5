"""The random words: the published generator, addressable by row, the same for ever."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.philox import Stream, below, uniform, words

_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_MASK = 2**64 - 1
PINNED = ["0xcd8aa4d55f30ee79", "0x2472cc21cddbfe0e", "0x23a397008d3d40bc", "0xc8fd9776d850d15"]


def philox4x64(counter: int, key: int) -> list[int]:
    """Ten rounds of Philox-4x64 (Salmon et al. 2011, section 4.3) in plain integers: four words of one counter."""
    c = [(counter >> shift) & _MASK for shift in (0, 64, 128, 192)]
    k = [key & _MASK, key >> 64]
    for _ in range(10):
        left, right = _MULTIPLIERS[0] * c[0], _MULTIPLIERS[1] * c[2]
        c = [(right >> 64) ^ c[1] ^ k[0], right & _MASK, (left >> 64) ^ c[3] ^ k[1], left & _MASK]
        k = [(k[0] + _WEYL[0]) & _MASK, (k[1] + _WEYL[1]) & _MASK]
    return c


def test_words_are_philox_of_the_hashed_stream_name() -> None:
    stream = ("omniglot-5w1s", 1, "test", 0)
    text = json.dumps(stream, separators=(",", ":")).encode()
    key = int.from_bytes(hashlib.sha256(text).digest()[:16], "little")
    found = words(stream, 3, 1, 8)[0]
    # A row of eight words takes two counter values; NumPy steps the counter before it reads.
    assert [int(word) for word in found] == philox4x64(7, key) + philox4x64(8, key)


def test_words_are_pinned() -> None:
    """Numbers that must never change: every manifest hangs on them."""
    assert [hex(int(word)) for word in words(("pinned", 1), 0, 2, 2).ravel()] == PINNED


@settings(max_examples=50, deadline=None)
@given(first=st.integers(0, 10**12), rows=st.integers(1, 40), width=st.integers(1, 30), data=st.data())
def test_a_row_does_not_depend_on_the_block_it_is_read_in(
    first: int, rows: int, width: int, data: st.DataObject
) -> None:
    block = words(("property", 1), first, rows, width)
    row = data.draw(st.integers(0, rows - 1))
    assert block.shape == (rows, width)
    assert (words(("property", 1), first + row, 1, width)[0] == block[row]).all()


def test_different_streams_share_no_word() -> None:
    names: list[Stream] = [
        ("s", 1, "test", 0),
        ("s", 1, "val", 0),
        ("s", 1, "train", 0),
        ("s", 1, "test", 1),
        ("s", 2, "test", 0),
    ]
    names += [("s1", "test", 0), ("s", "1", "test", 0), ("s", 1, "test", 0, "sizes")]
    drawn = np.concatenate([words(name, 0, 1000, 8).ravel() for name in names])
    assert len(np.unique(drawn)) == len(drawn)


@settings(max_examples=50, deadline=None)
@given(bound=st.integers(1, 2**31), seed=st.integers(0, 100))
def test_below_stays_in_range_and_scales_monotonically(bound: int, seed: int) -> None:
    raw = np.sort(words(("below", seed), 0, 1, 64)[0])
    drawn = below(raw, bound)
    assert drawn.min() >= 0 and drawn.max() < bound
    assert (np.diff(drawn) >= 0).all()


@pytest.mark.parametrize("word, bound, expected", [(0, 7, 0), (2**64 - 1, 7, 6), (2**63, 2, 1), (2**63 - 1, 2, 0)])
def test_below_at_the_edges(word: int, bound: int, expected: int) -> None:
    assert int(below(np.array([word], np.uint64), bound)[0]) == expected


def test_below_takes_a_bound_for_each_word() -> None:
    bounds = np.array([1, 2, 10, 1000])
    raw = np.full(4, 2**64 - 1, np.uint64)
    assert below(raw, bounds).tolist() == [0, 1, 9, 999]


def test_below_is_uniform() -> None:
    counts = np.bincount(below(words(("uniform below",), 0, 7000, 10).ravel(), 7), minlength=7)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_uniform_is_uniform_and_half_open() -> None:
    drawn = uniform(words(("uniform",), 0, 5000, 4).ravel(), -2.0, 3.0)
    assert stats.kstest(drawn, stats.uniform(-2.0, 5.0).cdf).pvalue > 1e-3
    extremes = uniform(np.array([0, 2**64 - 1], np.uint64))
    assert extremes[0] == 0.0 and extremes[1] == 1.0 - 2.0**-53
