"""Could these scores have been measured? Statistics that honest runs share and invented vectors do not.

Nothing here is proof. The thresholds, and what real records and simulated inventions give, are in docs/submitting.md.
Squared errors and log-likelihoods are compared by rank: their tails would drown everything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.errors import BenchError
from bench.records import Record, each_run
from bench.submissions import regular
from bench.submissions.report import Finding, mismatch, note, ok, suspicious
from bench.tasks.suites import Suite

Floats = npt.NDArray[np.float64]

Z = 4.0  # standard errors: one honest result in 16,000 strays further, per statistic
NULL_Z = 3.0  # standard errors of a correlation that is 0, 1 / sqrt(n) each
WEAKEST_HONEST = 0.10  # measured: 0.13 between raw pixels and a learner at 98 %, more for every other pair
COPY = 0.9999  # correlation beyond which two results are taken for one
FEWEST = 100  # episodes; below, nothing is said
_VARIED = 30  # episodes that must differ from the commonest score before equal vectors mean anything
_ABOVE_CHANCE = 0.05


@dataclass(frozen=True)
class Known:
    """A stored result on the same episodes."""

    path: Path
    record: Record
    scores: Floats

    @property
    def name(self) -> str:
        seed = "" if self.record.seed is None else f" seed {self.record.seed}"
        return f"{self.record.algorithm.name}{seed} ({self.record.key})"


def known_results(record: Record, roots: Sequence[Path]) -> list[Known]:
    """Finished results below the roots on the very episodes of `record`, itself included where it is stored there.

    Stored results whose files do not agree with their records are left out: they prove nothing about another.
    """
    known = []
    for store, run in each_run(roots, record.suite.name) if roots else ():
        other = run.record
        same = other is not None and other.suite.manifest_sha256 == record.suite.manifest_sha256
        if other is None or not same or other.status != "ok" or other.scores is None:
            continue
        try:
            scores = store.read_scores(run.path, other)["score"].to_numpy(dtype=np.float64)
        except BenchError:
            continue
        known.append(Known(run.path, other, scores))
    return known


def check_duplicates(record: Record, scores: Floats, known: Sequence[Known]) -> Iterator[Finding]:
    """Equal or nearly equal to a known result of another learner or seed?"""
    for other in known:
        n = min(len(scores), len(other.scores))
        a, b = scores[:n], other.scores[:n]
        if n < FEWEST or min(_varied(a), _varied(b)) < _VARIED:
            continue
        equal = bool(np.array_equal(a, b))
        if other.record.key == record.key:
            if not equal:
                yield suspicious("duplicate", f"{other.name} is known with other scores: same key, same run")
        elif equal and _same_training(record, other.record):
            yield note("duplicate", f"the scores of {other.name}: the same training under another source or strategy")
        elif (
            equal
            and not (record.algorithm.trains or other.record.algorithm.trains)
            and _same_code(record, other.record)
        ):
            yield note("duplicate", f"the scores of {other.name}: its other options change no answer here")
        elif equal:
            yield mismatch("duplicate", f"all {n:,} scores equal those of {other.name} at {other.path}")
        elif (r := float(np.corrcoef(a, b)[0, 1])) > COPY and not _same_training(record, other.record):
            yield suspicious("duplicate", f"correlation {r:.6f} with {other.name} at {other.path}")


def check_plausible(suite: Suite, record: Record, scores: Floats, known: Sequence[Known]) -> Iterator[Finding]:
    """Level and digits, correlation with references, spread against the binomial floor, order within the vector."""
    if len(scores) < FEWEST:
        yield note("plausibility", f"{len(scores)} episodes are too few for the statistics ({FEWEST} are needed)")
        return
    if not np.isfinite(scores).all():
        return  # said by the check of the scores
    yield from regular.check_level(suite, scores)
    if _varied(scores) == 0:
        return
    yield from regular.check_digits(suite, scores)
    yield from _correlation(suite, scores, [k for k in known if k.record.key != record.key])
    if queries := suite.domain.binomial_queries(suite):
        yield from _spread(scores, queries, suite.domain.chance(suite) or 0.0)
    yield from _order(suite, scores)


def reference_correlations(suite: Suite, scores: Floats, known: Sequence[Known]) -> list[tuple[float, Known, int]]:
    """Correlation of per-episode scores with each usable reference, strongest first: (r, reference, episodes)."""
    found = []
    for other in known:
        n = min(len(scores), len(other.scores))
        a, b = scores[:n], other.scores[:n]
        if n >= FEWEST and _informative(suite, a) and _informative(suite, b):
            a, b = _comparable(suite, a), _comparable(suite, b)
            found.append((float(np.corrcoef(a, b)[0, 1]), other, n))
    return sorted(found, key=lambda item: -item[0])


def correlation_threshold(n: int) -> float:
    """Below this an entry has nothing in common with a reference: three null standard errors, at most 0.10."""
    return min(NULL_Z / math.sqrt(n), WEAKEST_HONEST)


def _correlation(suite: Suite, scores: Floats, known: Sequence[Known]) -> Iterator[Finding]:
    if not _informative(suite, scores):
        yield note("correlation", "the scores are at chance: episodes are not easy or hard for such a learner")
        return
    found = reference_correlations(suite, scores, known)
    if not found:
        yield note("correlation", f"no other result on {suite.name} to compare with; --against DIR names more")
        return
    r, other, n = found[0]
    text = f"r = {r:.3f} with {other.name} over {n:,} episodes"
    if r < correlation_threshold(n):
        yield suspicious(
            "correlation",
            f"{text}, the strongest of {len(found)}: the same episodes are easy or hard for every honest learner "
            f"(threshold {correlation_threshold(n):.3f})",
        )
    else:
        yield ok("correlation", text)


def _spread(scores: Floats, queries: int, chance: float) -> Iterator[Finding]:
    """Queries of one episode share its difficulty, so that episodes spread more than independent queries would."""
    p, n = float(scores.mean()), len(scores)
    if p <= chance + _ABOVE_CHANCE or p >= 1:
        return  # constant answers to balanced queries spread less than chance, honestly
    floor = math.sqrt(p * (1 - p) / queries)
    ratio = float(scores.std(ddof=1)) / floor
    finding = suspicious if ratio < 1 - 3 / math.sqrt(2 * n) else ok
    yield finding("spread", f"standard deviation {ratio:.2f} times the binomial floor of independent queries")


def _order(suite: Suite, scores: Floats) -> Iterator[Finding]:
    """Episodes are drawn independently: neighbours do not resemble each other and the second half is like the first."""
    series = _series(suite, scores)
    lag = float(np.corrcoef(series[:-1], series[1:])[0, 1]) * math.sqrt(len(series))
    first, second = series[: len(series) // 2], series[len(series) // 2 :]
    error = math.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    drift = float(second.mean() - first.mean()) / error if error else 0.0
    for name, z, what in (
        ("autocorrelation", lag, "lag-1 autocorrelation"),
        ("drift", drift, "difference between the halves"),
    ):
        text = f"{what} of {z:+.1f} standard errors"
        yield suspicious(name, f"{text}: episodes are independent") if abs(z) > Z else ok(name, text)
    yield from regular.check_regular(series)


def _series(suite: Suite, scores: Floats) -> Floats:
    """Values that are exchangeable in an honest run: where neighbours share their sizes, the means of whole blocks."""
    series, size = _comparable(suite, scores), suite.domain.block(suite)
    if size == 1:
        return series
    blocks: Floats = series[: len(series) // size * size].reshape(-1, size)
    return np.asarray(blocks.mean(axis=1), dtype=np.float64)


def _informative(suite: Suite, scores: Floats) -> bool:
    """Does the vector say which episodes are hard? Not at chance, and not where hardly an episode differs."""
    if _varied(scores) < _VARIED:
        return False
    chance = suite.domain.chance(suite)
    return chance is None or float(scores.mean()) > chance + _ABOVE_CHANCE


def _comparable(suite: Suite, scores: Floats) -> Floats:
    if suite.domain.binomial_queries(suite):
        return scores
    return np.asarray(pd.Series(scores).rank(), dtype=np.float64)


def _varied(scores: Floats) -> int:
    """Episodes that differ from the commonest score."""
    return len(scores) - int(np.unique(scores, return_counts=True)[1].max())


def _same_code(a: Record, b: Record) -> bool:
    return (a.algorithm.origin, a.algorithm.source_sha256) == (b.algorithm.origin, b.algorithm.source_sha256)


def _same_training(a: Record, b: Record) -> bool:
    """One learner, one set-up, one seed: what differs may be source, strategy or precision."""
    return (a.algorithm.name, a.algorithm.options, a.recipe, a.budget, a.seed) == (
        b.algorithm.name,
        b.algorithm.options,
        b.recipe,
        b.budget,
        b.seed,
    )
