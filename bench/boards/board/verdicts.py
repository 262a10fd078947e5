"""Does a measured score agree with a published number? Two one-sided tests within a declared margin, and where they
leave it open, what would decide it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from bench.boards.board.published import PlusMinus, Published, Source
from bench.boards.board.rows import ALGORITHM_SEEDS, OFFICIAL_EPISODES, Row
from bench.stats import Equivalence, Interval, equivalence, satterthwaite, student_interval

Kind = Literal["equivalent", "different", "inconclusive", "not comparable", "not measured"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_MOST_SEEDS, _MOST_EPISODES = 100, 10_000_000


@dataclass(frozen=True)
class Verdict:
    """What is known of the difference between a measured score and a published number.

    found : ours minus the published one with its interval, in the records' unit; None where nothing is compared
    why : what forbids the comparison, or what would decide it
    """

    kind: Kind
    found: Equivalence | None = None
    why: str = ""


def judge(ours: Interval, theirs: Interval, margin: float, row: Row) -> Verdict:
    """The verdict on numbers; whether the two may be compared at all is known elsewhere.

    ours : the row's score in the number's metric
    theirs : from `published_interval`
    margin : the largest difference that does not matter
    """
    found = equivalence(ours, theirs, margin)
    why = what_would_decide(ours, theirs, margin, row) if found.kind == "inconclusive" else ""
    return Verdict(found.kind, found, why)


def published_interval(entry: Published, source: Source, sd: float) -> Interval:
    """A published number with its 95 % interval, in the records' unit.

    Its variance is that of rounding, (half a digit)² / 3, plus that of its ±, read as the source means it: 95 % is 1.96
    standard errors, a standard deviation over n trainings is √n of them with n - 1 degrees of freedom, and a ± of
    unstated meaning counts as one standard error, the widest of the usual readings. Without a ± it is sd² / episodes
    where the source's number of test episodes is known, and else nothing: then the verdict is about the printed number.

    sd : of our score over episodes, in the records' unit
    """
    se, df = 0.0, math.inf
    if entry.interval and source.plus_minus:
        se, df = _standard_error(float(entry.interval) / float(entry.scale), source.plus_minus)
    elif source.episodes:
        se = sd / math.sqrt(source.episodes)
    se = math.hypot(se, entry.half_digit / math.sqrt(3))
    return student_interval(entry.mean, se, sd, source.episodes or 0, df, 0.95, "published")


def _standard_error(plus_minus: float, meaning: PlusMinus) -> tuple[float, float]:
    """The standard error that a ± stands for, and its degrees of freedom."""
    if meaning == "95 %":
        return plus_minus / 1.96, math.inf
    if meaning.startswith("sd of "):
        seeds = int(meaning.split()[2])
        return plus_minus / math.sqrt(seeds), seeds - 1.0
    return plus_minus, math.inf


def what_would_decide(ours: Interval, theirs: Interval, margin: float, row: Row) -> str:
    """How many seeds or episodes would end an inconclusive verdict, should the difference stay what it is now.

    Our variance splits into that of episodes, sd² / n, and the rest, which falls with the number of seeds S and has
    S - 1 degrees of freedom.
    """

    def decided(*terms: tuple[float, float]) -> bool:
        """With a score of ours whose variance is the sum of these, each with its degrees of freedom."""
        se = math.sqrt(sum(variance for variance, _ in terms))
        supposed = student_interval(ours.mean, se, ours.sd, ours.n, satterthwaite(terms), 0.95, "supposed")
        return equivalence(supposed, theirs, margin).kind != "inconclusive"

    def smallest(counts: range, terms: Callable[[int], list[tuple[float, float]]]) -> int:
        return counts[0] + bisect_left(counts, True, key=lambda count: decided(*terms(count)))

    if not decided((0.0, math.inf)):
        return "the published number's own uncertainty leaves it open"
    if row.trains and len(row.seeds) < ALGORITHM_SEEDS:
        return f"needs {ALGORITHM_SEEDS} seeds"
    episodes = (ours.sd**2 / ours.n, ours.n - 1.0)
    if not row.trains or not decided(episodes):
        count = smallest(range(ours.n, _MOST_EPISODES), lambda n: [(ours.sd**2 / n, n - 1.0)])
        return f"about {count:,} episodes would decide it, boards count {OFFICIAL_EPISODES:,}"
    seeds = len(row.seeds)
    over_seeds = max(ours.se**2 - episodes[0], 0.0) * seeds
    count = smallest(range(seeds + 1, _MOST_SEEDS), lambda s: [episodes, (over_seeds / s, s - 1.0)])
    return f"{'more than ' if count == _MOST_SEEDS else 'about '}{count} seeds would decide it"
