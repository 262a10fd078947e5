"""Do the numbers follow from each other? Per-episode scores, class ids, every metric, the training curve."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bench.errors import BenchError
from bench.records import Metric, describe_scores
from bench.records.scores import normal_scores, score_problems
from bench.runs.metrics import metrics, too_many_floored
from bench.submissions.entry import Entry
from bench.submissions.report import Finding, mismatch, note, ok
from bench.tasks.suites import Suite

if TYPE_CHECKING:
    import pandas as pd

# Recomputed from the same float64 scores: what differs is the order of a sum.
RTOL, ATOL = 1e-9, 1e-12


def check_scores(entry: Entry, suite: Suite, scores: pd.DataFrame) -> Iterator[Finding]:
    """Hash, columns, episodes 0 .. n-1, finite values, n_correct in [0, n_query] and the score that follows from it."""
    record = entry.record
    try:
        scores = normal_scores(scores)
        found = describe_scores(scores)
    except ValueError as error:
        yield mismatch("scores", str(error))
        return
    if record.scores is None:
        yield mismatch("scores", "scores.parquet is there, but the record names no scores")
    elif found != record.scores:
        yield mismatch(
            "scores hash",
            f"the scores were changed: recorded {record.scores.sha256[:16]}..., found {found.sha256[:16]}...",
        )
    else:
        yield ok("scores hash", found.sha256)
    for problem in score_problems(scores, record):
        yield mismatch("scores", problem)
    missing = sorted(suite.domain.columns(suite) - set(scores.columns))
    if missing:
        yield mismatch("scores", f"column {missing[0]} is missing")
        return
    for what, text in suite.domain.impossible(suite, scores):
        yield mismatch(what, text)


def check_classes(entry: Entry, suite: Suite, scores: pd.DataFrame) -> Iterator[Finding]:
    """The class ids of every episode are the manifest's, drawn again here."""
    if "classes" not in scores.columns:
        return
    if not suite.domain.drawable(suite):
        yield note("class ids", "the episodes can't be drawn without the suite's folder of images")
        return
    asked = suite.domain.asked_classes(suite, len(scores))
    if asked is None:
        return
    for row, (expected, found) in enumerate(zip(asked, scores["classes"], strict=True)):
        if not np.array_equal(expected, found):
            yield mismatch(
                "class ids",
                f"episode {row} asks for classes {expected.tolist()}, the scores say {np.asarray(found).tolist()[:40]}",
            )
            return
    yield ok("class ids", f"those of the manifest in all {len(scores):,} episodes")


def check_metrics(entry: Entry, suite: Suite, scores: pd.DataFrame) -> Iterator[Finding]:
    """Mean, sd, se, interval, median and counts of every metric, recomputed."""
    record = entry.record
    try:
        recomputed = metrics(suite, scores)
        reason = too_many_floored(scores)
    except (BenchError, ArithmeticError, KeyError, TypeError, ValueError) as error:
        yield mismatch("metrics", f"the scores give no metrics: {error}")
        return
    if record.status != "ok" or reason:
        yield mismatch("status", f"the record is {record.status!r}; {reason or 'only finished runs are results'}")
    names, expected = [m.name for m in record.metrics], [m.name for m in recomputed]
    if names != expected:
        yield mismatch("metrics", f"the record has {names}, the scores give {expected}")
        return
    wrong = [text for a, b in zip(record.metrics, recomputed, strict=True) for text in _unequal(a, b)]
    yield from [mismatch("metrics", text) for text in wrong] or [
        ok("metrics", f"{', '.join(names)} recomputed from {len(scores):,} episodes")
    ]


def check_curve(entry: Entry, suite: Suite) -> Iterator[Finding]:
    """The validation score that chose the checkpoint is the curve's best (its last, for a recipe that says so)."""
    validation, curve = entry.record.validation, entry.curve()
    if validation is None or curve is None:
        if (validation is None) != (curve is None):
            yield mismatch("curve", "validation and curve.parquet belong together; one of them is missing")
        return
    if not {"step", "validation"} <= set(curve.columns) or curve.empty:
        yield mismatch("curve", f"needs the columns step and validation, found {list(curve.columns)}")
        return
    values = curve["validation"].to_numpy(dtype=np.float64)
    if entry.record.protocol.selection == "last":
        chosen = len(values) - 1
    else:
        ranked = np.where(np.isfinite(values), values if suite.higher_is_better else -values, -np.inf)
        chosen = int(ranked.argmax())  # the earliest of equals, as in training
    step, value = int(curve["step"].iloc[chosen]), float(values[chosen])
    if (step, len(curve)) != (validation.step, validation.checks) or not _close(value, validation.mean):
        yield mismatch(
            "curve",
            f"{len(curve)} checks choose {value:.6g} at step {step:,}; the record says {validation.mean:.6g} "
            f"at step {validation.step:,} of {validation.checks} checks",
        )


def _unequal(recorded: Metric, recomputed: Metric) -> Iterator[str]:
    for field in Metric.model_fields:
        a, b = getattr(recorded, field), getattr(recomputed, field)
        pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
        same = all(_close(x, y) if isinstance(y, float) else x == y for x, y in pairs)
        if not same:
            yield f"{field} of {recorded.name} is {a} in the record, the scores give {b}"


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=RTOL, abs_tol=ATOL)
