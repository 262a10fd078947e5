"""Does a measured score agree with a published number? Two one-sided tests within a declared margin, and where they
leave it open, what would decide it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from bench.boards.board.published import PlusMinus, Published, Source
from bench.boards.board.rows import ALGORITHM_SEEDS, OFFICIAL_EPISODES, Row
from bench.stats import Equivalence, Interval, Needed, equivalence, needed_to_decide
from bench.stats.intervals import student_interval

Kind = Literal["equivalent", "different", "inconclusive", "not comparable", "not measured"]
KINDS: tuple[Kind, ...] = get_args(Kind)


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
    """The seeds or episodes that would end an inconclusive verdict, in words."""
    needed = needed_to_decide(ours, theirs, margin, len(row.seeds) if row.trains else None)
    if needed == Needed():
        return "the published number's own uncertainty leaves it open"
    if row.trains and len(row.seeds) < ALGORITHM_SEEDS:
        return f"needs {ALGORITHM_SEEDS} seeds"
    if needed.episodes:
        more = " and more seeds" if row.trains else ""
        return (
            f"about {_two_digits(needed.episodes):,} episodes{more} would decide it, boards count {OFFICIAL_EPISODES:,}"
        )
    many = needed.seeds is None or needed.seeds > 100
    return f"{'more than 100' if many else f'about {needed.seeds}'} seeds would decide it"


def _two_digits(count: int) -> int:
    """Rounded up to two digits: a forecast is no more exact than that.

    >>> _two_digits(6642), _two_digits(70)
    (6700, 70)
    """
    step: int = 10 ** max(len(str(count)) - 2, 0)
    return -(-count // step) * step
