"""Many learners in one column: corrected comparisons, and ranks no surer than the scores allow."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.errors import UsageError, unknown_name
from bench.stats._checks import FloatArray, numbers, probability
from bench.stats.pairs import Difference, all_differences, crossed_difference


@dataclass(frozen=True)
class Comparison:
    """a - b, and its p-value corrected for every comparison of the same family."""

    a: str
    b: str
    difference: Difference
    p_holm: float


@dataclass(frozen=True)
class Rank:
    """Place in a column: `rank` by the mean (equal means share it), `best`..`worst` the places not ruled out."""

    rank: int
    best: int
    worst: int


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Holm's adjusted p-values, in the order given: reject those <= alpha, and no true null falls with more than alpha.

    Sorted ascending, adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)).

    Parameters
    ----------
    p_values : float [m] in [0, 1]

    Raises
    ------
    UsageError : values outside [0, 1] or not finite.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    """
    p = numbers(p_values, "p-values")
    if p.ndim != 1 or (p.size and (p.min() < 0 or p.max() > 1)):
        raise UsageError("Expected p-values as a list of numbers in [0, 1].")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1.0)
    return adjusted


def compare_all(scores: Mapping[str, npt.ArrayLike], level: float = 0.95) -> list[Comparison]:
    """Every pair of learners on their common episodes, Holm-corrected over all k (k - 1) / 2 pairs.

    Use it wherever the best of a column is looked at: the best is not a reference named in advance.

    Parameters
    ----------
    scores : name to float [seeds, episodes], or float [episodes] without seeds; common episodes
    level : confidence of each difference's interval (those are not corrected)

    Raises
    ------
    UsageError : fewer than 2 learners, or scores `crossed_difference` refuses.

    Examples
    --------
    >>> column = {"maml": [0.5, 0.6, 0.7, 0.6], "protonet": [0.8, 0.9, 0.9, 0.9], "relnet": [0.8, 0.8, 0.9, 0.9]}
    >>> for c in compare_all(column):
    ...     print(f"{c.a} - {c.b}: {c.difference.mean:+.3f}, p = {c.p_holm:.3f}")
    maml - protonet: -0.275, p = 0.005
    maml - relnet: -0.250, p = 0.006
    protonet - relnet: +0.025, p = 0.391
    """
    if len(scores) < 2:
        raise UsageError(f"Expected at least 2 learners to compare; found {len(scores)}.")
    pairs = itertools.combinations(scores, 2)
    return _family([(a, b, d) for (a, b), d in zip(pairs, all_differences(list(scores.values()), level), strict=True)])


def compare_to(reference: str, scores: Mapping[str, npt.ArrayLike], level: float = 0.95) -> list[Comparison]:
    """Every other learner minus a reference that was named before looking, Holm-corrected over k - 1 comparisons.

    Parameters and errors as `compare_all`; an unknown reference is a UsageError with the near names.

    Examples
    --------
    >>> column = {"maml": [0.5, 0.6, 0.7, 0.6], "protonet": [0.8, 0.9, 0.9, 0.9]}
    >>> [(c.a, c.b, round(c.difference.mean, 3)) for c in compare_to("maml", column)]
    [('protonet', 'maml', 0.275)]
    """
    if reference not in scores:
        raise unknown_name("reference", reference, scores)
    others = [name for name in scores if name != reference]
    return _family([(a, reference, crossed_difference(scores[a], scores[reference], level)) for a in others])


def rank_intervals(
    comparisons: Sequence[Comparison], *, higher_is_better: bool, level: float = 0.95
) -> dict[str, Rank]:
    """Ranks with intervals: [1 + learners significantly better, k - learners significantly worse].

    With the family error of `compare_all` all true ranks lie inside at the same time with probability >= level.

    Parameters
    ----------
    comparisons : all pairs of a column, from `compare_all`
    higher_is_better : of the metric (False for errors)

    Raises
    ------
    UsageError : a pair is missing or occurs twice.

    References
    ----------
    Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic Studies 91(1), "Inference for ranks".

    Examples
    --------
    >>> column = {"maml": [0.5, 0.6, 0.7, 0.6], "protonet": [0.8, 0.9, 0.9, 0.9], "relnet": [0.8, 0.8, 0.9, 0.9]}
    >>> ranks = rank_intervals(compare_all(column), higher_is_better=True)
    >>> ranks["relnet"]
    Rank(rank=2, best=1, worst=2)
    """
    alpha = 1 - probability(level, "level")
    names = sorted({name for c in comparisons for name in (c.a, c.b)})
    pairs = {frozenset((c.a, c.b)) for c in comparisons}
    if len(pairs) != len(comparisons) or len(pairs) != math.comb(len(names), 2):
        raise UsageError(
            f"Expected all {math.comb(len(names), 2)} pairs of {len(names)} learners once; "
            f"found {len(comparisons)} comparisons.",
            "Make them with compare_all.",
        )
    ahead = dict.fromkeys(names, 0)  # learners with a better mean, surely or not
    better = dict.fromkeys(names, 0)
    worse = dict.fromkeys(names, 0)
    for c in comparisons:
        if abs(c.difference.mean) <= 1e-12 * c.difference.sd:
            continue  # a tie up to rounding; whoever comes first must not win it
        winner, loser = (c.a, c.b) if (c.difference.mean > 0) == higher_is_better else (c.b, c.a)
        ahead[loser] += 1
        if c.p_holm <= alpha:
            better[loser] += 1
            worse[winner] += 1
    return {name: Rank(1 + ahead[name], 1 + better[name], len(names) - worse[name]) for name in names}


def _family(found: Sequence[tuple[str, str, Difference]]) -> list[Comparison]:
    adjusted = holm([difference.p for _, _, difference in found])
    return [Comparison(a, b, d, float(p)) for (a, b, d), p in zip(found, adjusted, strict=True)]
