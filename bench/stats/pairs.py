"""Two learners on the same episodes: the difference, its interval and its p-value.

Episodes are easy or hard for every learner alike, so differences per episode vary less than scores do. Whether two
separate intervals overlap is not a test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench import philox
from bench.errors import UsageError
from bench.stats._checks import FloatArray, common_episodes, vector, vector_or_seed_matrix
from bench.stats._student import satterthwaite, two_sided_p
from bench.stats.intervals import Interval, mean_and_sd, student_interval
from bench.stats.seeds import mean_squares

_BLOCK = 1 << 20  # signs held at once
_ROWS = 256  # differences held at once


@dataclass(frozen=True)
class Difference(Interval):
    """A - B as an interval, and the two-sided p-value of "no difference" (not yet corrected for other pairs)."""

    p: float = math.nan


def paired_difference(a: npt.ArrayLike, b: npt.ArrayLike, level: float = 0.95) -> Difference:
    """Closed interval and p-value of mean(A - B) for two checkpoints on common episodes.

    d_i = a_i - b_i; mean(d) ± t(n-1) sd(d) / sqrt(n). Identical scores give exactly 0 [0, 0], p = 1. For mean squared
    errors give their logarithms: the difference is then a log ratio, far less skewed.

    Parameters
    ----------
    a, b : float [episodes], the same episodes in the same order, any unit
    level : confidence in (0, 1)

    Raises
    ------
    UsageError : different lengths, fewer than 2 episodes, values that are not finite.

    References
    ----------
    Student 1908, Biometrika 6(1), section IX (the paired comparison).

    Examples
    --------
    >>> d = paired_difference([0.9, 0.7, 0.8, 0.6], [0.8, 0.7, 0.6, 0.5])
    >>> f"{d.mean:.2f} [{d.low:.2f}, {d.high:.2f}], p = {d.p:.3f}"
    '0.10 [-0.03, 0.23], p = 0.092'
    """
    x, y = vector(a, "scores of A"), vector(b, "scores of B")
    common_episodes(x, y)
    mean, sd = mean_and_sd(x - y)
    return _difference(mean, sd / math.sqrt(x.size), sd, x.size, x.size - 1, level, "paired-t")


def crossed_difference(a: npt.ArrayLike, b: npt.ArrayLike, level: float = 0.95) -> Difference:
    """Closed interval and p-value of the difference of two algorithms, each trained with its own seeds.

    d_e = mean over seeds of A's scores on episode e - the same of B;

        V = var(d_e) / E + sum_k (MS_seed,k - MS_interaction,k) / (E S_k),  k = A, B

    never below its first term, with Satterthwaite's degrees of freedom. The trainings of A and B are taken as
    independent, equal seed numbers or not. Equal arrays are the same runs: their difference is exactly 0 [0, 0].

    Parameters
    ----------
    a, b : float [S, E] (the numbers of seeds may differ), or float [E] for a learner that has no seeds because it has
        nothing to train; common episodes in the same order
    level : confidence in (0, 1)

    Raises
    ------
    UsageError : a matrix with one seed, different numbers of episodes, values that are not finite.

    References
    ----------
    Satterthwaite 1946, Biometrics Bulletin 2(6); the mean squares of `crossed_interval`. Coverage by simulation:
    docs/statistics.md.

    Examples
    --------
    >>> a = [[0.9, 0.7, 0.8, 0.6], [0.8, 0.7, 0.8, 0.7]]
    >>> d = crossed_difference(a, [[0.8, 0.7, 0.6, 0.5], [0.8, 0.5, 0.7, 0.4]])
    >>> f"{d.mean:.3f} [{d.low:.3f}, {d.high:.3f}], p = {d.p:.3f}"
    '0.125 [0.022, 0.228], p = 0.030'
    """
    x, y = vector_or_seed_matrix(a, "scores of A"), vector_or_seed_matrix(b, "scores of B")
    common_episodes(x, y)
    mean, sd = mean_and_sd(_by_episode(x) - _by_episode(y))
    terms = [*_seed_terms(x), *_seed_terms(y)] if x.ndim == 2 or y.ndim == 2 else None
    return _crossed(mean, sd, x.shape[-1], terms, np.array_equal(x, y), level)


def all_differences(scores: Sequence[npt.ArrayLike], level: float = 0.95) -> Iterator[Difference]:
    """`crossed_difference` of every pair, in the order of `itertools.combinations`: the same to the bit, and 10 times
    faster for many learners, because what one learner adds is computed once and its differences together.

    scores : float [episodes] or [seeds, episodes] each, on common episodes. Errors as `crossed_difference`.
    """
    found = [vector_or_seed_matrix(one, "scores") for one in scores]
    for one in found[1:]:
        common_episodes(found[0], one)
    by_episode = np.stack([_by_episode(one) for one in found])
    terms = [_seed_terms(one) for one in found]
    alike = [hash((one.shape, (one + 0.0).tobytes())) for one in found]  # adding 0 makes -0 the same as 0
    n = by_episode.shape[1]
    for i in range(len(found) - 1):
        for first in range(i + 1, len(found), _ROWS):
            d = by_episode[i] - by_episode[first : first + _ROWS]
            constant = d.min(axis=1) == d.max(axis=1)
            means = np.where(constant, d[:, 0], d.mean(axis=1)).tolist()
            sds = np.where(constant, 0.0, d.std(axis=1, ddof=1)).tolist()
            for j, (mean, sd) in enumerate(zip(means, sds, strict=True), first):
                seeds = [*terms[i], *terms[j]] if found[i].ndim == 2 or found[j].ndim == 2 else None
                same = alike[i] == alike[j] and np.array_equal(found[i], found[j])
                yield _crossed(mean, sd, n, seeds, same, level)


def _by_episode(scores: FloatArray) -> FloatArray:
    """Averaged over seeds, float64 [E]."""
    return scores if scores.ndim == 1 else scores.mean(axis=0)


def _crossed(
    mean: float, sd: float, n: int, seeds: list[tuple[float, float]] | None, same: bool, level: float
) -> Difference:
    """mean, sd : of the n episodes' differences; seeds : what trainings add, None where neither learner has any;
    same : both are the same runs"""
    episodes = (sd**2 / n, n - 1.0)
    if seeds is None:
        return _difference(mean, sd / math.sqrt(n), sd, n, n - 1, level, "paired-t")
    if same:
        return _difference(0.0, 0.0, 0.0, n, n - 1, level, "crossed-t")
    terms = [episodes, *seeds] if sum(value for value, _ in seeds) > 0 else [episodes]
    se = math.sqrt(sum(value for value, _ in terms))
    return _difference(mean, se, sd, n, satterthwaite(terms), level, "crossed-t")


def sign_flip_p(differences: npt.ArrayLike, *, flips: int = 9999, seed: int = 0) -> float:
    """Two-sided permutation p-value of "the differences are symmetric about 0", a companion where they are skewed.

    Every difference's sign is flipped at random; p counts the sums at least as far from 0 as the one seen. All 2^m sign
    patterns of the m differences that are not 0 are counted where there are at most `flips` of them, else `flips`
    random ones, p = (1 + count) / (1 + flips): never 0, and no smaller than chance allows. Draws come from
    `bench.philox`, keyed by `seed`.

    Parameters
    ----------
    differences : float [episodes], A - B per episode

    Raises
    ------
    UsageError : fewer than 2 differences, not finite, or no flips.

    References
    ----------
    Pitman 1937, Supplement to JRSS 4(1); Phipson and Smyth 2010, arXiv:1603.05766 (the + 1).

    Examples
    --------
    >>> sign_flip_p([0.1, 0.3, 0.2, 0.1, 0.4, 0.0])
    0.0625
    """
    d = vector(differences, "differences")
    if flips < 1:
        raise UsageError(f"Expected at least 1 flip; found {flips}.", "For example flips=9999.")
    moved = d[d != 0.0]
    if moved.size == 0:
        return 1.0
    # Sums of the same numbers in another order differ by rounding; those are ties, not exceedances.
    reach = abs(float(moved.sum())) - 1e-12 * float(np.abs(moved).sum())
    if moved.size < 60 and 2**moved.size <= flips:
        patterns = np.arange(2**moved.size)[:, None] >> np.arange(moved.size) & 1
        return float(np.mean(np.abs(_flipped(moved, patterns)) >= reach))
    return (1 + _exceedances(moved, reach, flips, seed)) / (1 + flips)


def _exceedances(moved: FloatArray, reach: float, flips: int, seed: int) -> int:
    """How many of `flips` random sign patterns sum to `reach` or further from 0."""
    width = -(-moved.size // 64)  # one random bit a sign
    rows = max(1, _BLOCK // moved.size)
    count = 0
    for first in range(0, flips, rows):
        raw = philox.words(("sign-flip", seed), first, min(rows, flips - first), width)
        bits = np.unpackbits(np.ascontiguousarray(raw, dtype="<u8").view(np.uint8), axis=1, count=moved.size)
        count += int(np.count_nonzero(np.abs(_flipped(moved, bits)) >= reach))
    return count


def _flipped(moved: FloatArray, bits: npt.NDArray[np.integer]) -> FloatArray:
    """Sums with the signs of `bits` [patterns, m]: 1 keeps a difference, 0 flips it."""
    sums: FloatArray = 2.0 * (bits.astype(np.float64) @ moved) - moved.sum()
    return sums


def _seed_terms(scores: FloatArray) -> list[tuple[float, float]]:
    """What the trainings of a learner add to the variance; nothing without seeds."""
    if scores.ndim == 1:
        return []
    ms, matrix = mean_squares(scores), scores
    return [
        (ms.seed / matrix.size, ms.seeds - 1.0),
        (-ms.interaction / matrix.size, (ms.seeds - 1.0) * (ms.episodes - 1.0)),
    ]


def _difference(mean: float, se: float, sd: float, n: int, df: float, level: float, method: str) -> Difference:
    i = student_interval(mean, se, sd, n, df, level, method)
    return Difference(i.mean, i.low, i.high, i.se, i.sd, i.n, i.method, i.df, two_sided_p(mean, se, df))
