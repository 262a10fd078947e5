"""What every statistic asks of its input: finite numbers, the right shape, enough of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.errors import UsageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def vector(values: npt.ArrayLike, what: str = "scores", at_least: int = 2) -> FloatArray:
    """Values as float64 [n], or a UsageError that says what is wrong with them."""
    x = numbers(values, what)
    if x.ndim != 1:
        raise UsageError(
            f"Expected one value per episode for {what}, shape [episodes]; found shape {list(x.shape)}.",
            "Average within each episode first: queries of one episode are not independent.",
        )
    if x.size < at_least:
        raise UsageError(
            f"Expected at least {at_least} {what} for an interval; found {x.size}.", "Score more episodes (--episodes)."
        )
    return x


def seed_matrix(values: npt.ArrayLike, what: str = "scores") -> FloatArray:
    """Scores as float64 [seeds, episodes] with two or more of each."""
    x = numbers(values, what)
    if x.ndim != 2:
        raise UsageError(f"Expected {what} of shape [seeds, episodes]; found shape {list(x.shape)}.")
    if x.shape[0] < 2:
        raise UsageError(
            f"Expected at least 2 seeds for {what}; found {x.shape[0]}: one training says nothing about the next.",
            "Run more seeds (--seeds 0-2), or give shape [episodes] and call the result a checkpoint's.",
        )
    if x.shape[1] < 2:
        raise UsageError(f"Expected at least 2 episodes for {what}; found {x.shape[1]}.", "Score more (--episodes).")
    return x


def vector_or_seed_matrix(values: npt.ArrayLike, what: str = "scores") -> FloatArray:
    """Scores as float64 [episodes] (one checkpoint, or nothing to train) or [seeds, episodes]."""
    return vector(values, what) if np.ndim(values) == 1 else seed_matrix(values, what)


def common_episodes(a: FloatArray, b: FloatArray) -> None:
    """Both score the same number of episodes (their last axis)."""
    if a.shape[-1] != b.shape[-1]:
        raise UsageError(
            f"Expected scores on the same episodes; found {a.shape[-1]} and {b.shape[-1]} episodes.",
            "Cut both to the common prefix, or extend the shorter run (--episodes).",
        )


def probability(value: float, what: str) -> float:
    """A number strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise UsageError(f"Expected {what} strictly between 0 and 1; found {value!r}.", "For example 0.95.")
    return float(value)


def positive(value: float, what: str) -> float:
    """A finite number above 0."""
    if not (np.isfinite(value) and value > 0):
        raise UsageError(f"Expected {what} above 0; found {value!r}.")
    return float(value)


def numbers(values: npt.ArrayLike, what: str) -> FloatArray:
    """Finite numbers of any shape as float64; text is refused, not parsed."""
    raw = np.asarray(values)
    if raw.dtype.kind not in "biuf":
        raise UsageError(f"Expected numbers for {what}; found {raw.dtype} values.")
    x = raw.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(x))
    if bad.size:
        raise UsageError(
            f"Expected finite {what}; found {bad.size} of {x.size} not finite, the first at position {bad[0]}.",
            "Give episodes that failed the suite's floor score, and count them.",
        )
    return x


def integers(values: npt.ArrayLike, what: str, ndim: int) -> IntArray:
    """Non-negative whole numbers with `ndim` axes as int64."""
    raw = np.asarray(values)
    if raw.dtype.kind not in "iu" or raw.ndim != ndim or raw.size == 0 or raw.min() < 0:
        raise UsageError(
            f"Expected {what} as non-negative integers with {ndim} axes; found {raw.dtype} {list(raw.shape)}."
        )
    return raw.astype(np.int64)
