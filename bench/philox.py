"""Random words that are the same on every machine, for ever.

A *stream* is named by a tuple such as ``("omniglot-5w1s", 1, "test", 0)``. Row *i* of a stream is a fixed number
of raw 64-bit Philox words (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), found by setting the
counter: no row depends on another, on a batch size, or on NumPy's distributions (only `random_raw` is used,
which NumPy guarantees to be stable).
"""

from __future__ import annotations

import hashlib
import json

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Stream = tuple[str | int, ...]

_WORDS_PER_COUNT = 4  # Philox-4x64 yields four words a counter value


def words(stream: Stream, first: int, rows: int, width: int) -> Words:
    """Rows `first` .. `first + rows - 1` of a stream, `width` words each: uint64 [rows, width].

    >>> bool((words(("demo", 1), 0, 8, 5)[3] == words(("demo", 1), 3, 1, 5)[0]).all())
    True
    """
    counts = -(-width // _WORDS_PER_COUNT)
    generator = np.random.Philox(key=_key(stream), counter=first * counts)
    raw: Words = generator.random_raw(rows * counts * _WORDS_PER_COUNT)
    return raw.reshape(rows, counts * _WORDS_PER_COUNT)[:, :width]


def below(raw: Words, bound: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Integers in [0, bound), shape of `raw`: the upper 32 bits times the bound, shifted down.

    The bias is below bound / 2**32, one part in two million for 2,000 classes.
    """
    product = (raw >> np.uint64(32)) * np.asarray(bound, dtype=np.uint64)
    return (product >> np.uint64(32)).astype(np.int64)


def uniform(raw: Words, low: float = 0.0, high: float = 1.0) -> npt.NDArray[np.float64]:
    """Floats in [low, high): 53 bits of each word, exact IEEE arithmetic, shape of `raw`."""
    unit = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return low + (high - low) * unit


def inside(raw: Words) -> npt.NDArray[np.float64]:
    """Floats in the open interval (0, 1), where logarithms and inverse distribution functions are finite.

    52 bits of each word and half a step, exact IEEE arithmetic, shape of `raw`.
    """
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _key(stream: Stream) -> int:
    text = json.dumps(stream, separators=(",", ":"), ensure_ascii=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
