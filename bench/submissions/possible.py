"""Can a run have left this record? Dates, seconds, rates and sizes against each other and against the calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from bench.errors import Mismatch
from bench.records import Record, Timing
from bench.submissions.entry import Entry
from bench.submissions.report import Finding, mismatch, ok, suspicious

BEGAN = datetime(2026, 11, 23, tzinfo=UTC)  # bench's first commit: nothing was measured with it before
_CLOCKS = timedelta(hours=1)  # two machines' clocks may differ; dates are written in whole seconds
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_ROUNDED = 0.0005  # seconds and rates are written with three digits
_SECOND = 1.0


def date_of(text: str) -> datetime | None:
    """RFC 3339 in UTC, None for anything else.

    >>> date_of("2026-11-23T12:00:00Z"), date_of("2026-02-30T12:00:00Z"), date_of("yesterday")
    (datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.timezone.utc), None, None)
    """
    if not _DATE.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def check_dates(record: Record, now: datetime | None = None) -> Iterator[Finding]:
    """In the project's life, in order, and far enough apart for the seconds that are claimed.

    now : when it is verified, UTC [default: now]
    """
    now = now or datetime.now(UTC)
    dates = {"started": record.started, "finished": record.finished}
    if record.timing.measured is not None:
        dates["timing.measured"] = record.timing.measured
    dates |= {f"verification.{i}.date": str(entry.get("date")) for i, entry in enumerate(record.verification)}
    wrong = list(_dates_outside(dates, now))
    started, finished = date_of(record.started), date_of(record.finished)
    if started and finished:
        wrong += _order(record, dates, started, finished)
        wrong += _spent(record.timing, started, finished)
    yield from [mismatch("dates", text) for text in wrong] or [ok("dates", f"{record.started} to {record.finished}")]
    if not wrong and started and finished:
        yield from _continued(record.timing, (finished - started).total_seconds())


def check_timing(entry: Entry) -> Iterator[Finding]:
    """Rates against seconds, percentiles in order, memory against the machine's."""
    wrong = [*_evaluation(entry.record), *_training(entry), *_clock_of_the_curve(entry), *_machine(entry.record)]
    yield from [mismatch("timing", text) for text in wrong] or [ok("timing", "seconds, rates and sizes fit together")]


def _dates_outside(dates: dict[str, str], now: datetime) -> Iterator[str]:
    for name, text in dates.items():
        date = date_of(text)
        if date is None:
            yield f"{name} is {text[:40]!r}; expected UTC as 2026-11-23T12:00:00Z"
        elif date < BEGAN:
            yield f"{name} is {text}, before bench's first commit ({BEGAN:%Y-%m-%d})"
        elif date > now + _CLOCKS:
            yield f"{name} is {text}, which is yet to come (it is {now:%Y-%m-%dT%H:%M:%SZ})"


def _order(record: Record, dates: dict[str, str], started: datetime, finished: datetime) -> Iterator[str]:
    if started > finished:
        yield f"started {record.started}, after it had finished ({record.finished})"
    for name, text in dates.items():
        later = date_of(text)
        if name not in ("started", "finished") and later and later < finished - _CLOCKS:
            yield f"{name} is {text}, before the run finished ({record.finished})"


def _spent(timing: Timing, started: datetime, finished: datetime) -> Iterator[str]:
    """What no continued run explains either: a run's evaluation is one attempt's, its training is the project's age."""
    lasted = (finished - started).total_seconds()
    if timing.measured is None and (timing.eval_s or 0.0) > lasted + _SECOND:
        yield f"eval_s is {timing.eval_s:g} s, but the run lasted {lasted:g} s from start to finish"
    if (timing.train_s or 0.0) > (finished - BEGAN + _CLOCKS).total_seconds():
        yield f"train_s is {timing.train_s:g} s, more than all the time since bench began"


def _continued(timing: Timing, lasted: float) -> Iterator[Finding]:
    spent = (timing.train_s or 0.0) + (timing.eval_s or 0.0) * (timing.measured is None)
    if spent > lasted + 2 * _SECOND:
        text = f"{spent:,.0f} s of training and evaluation in a run that lasted {lasted:,.0f} s"
        yield suspicious("dates", f"{text}: only a run that was interrupted and continued adds up like that")


def _evaluation(record: Record) -> Iterator[str]:
    timing, episodes = record.timing, record.episodes
    seconds, rate = timing.eval_s, timing.eval_episodes_per_s
    if seconds is not None and rate is not None:
        low, high = _product(seconds, rate)
        told = f"{rate:g} episodes/s for {seconds:g} s are {seconds * rate:,.0f} episodes"
        if low > episodes:
            yield f"{told}; the record has {episodes:,}"
        elif timing.measured is not None and high < episodes:
            yield f"{told}; `bench time` answers all {episodes:,}"
    p50, p95 = timing.adapt_ms_p50, timing.adapt_ms_p95
    if (p50 is None) != (p95 is None):
        yield "adapt_ms_p50 and adapt_ms_p95 belong together; one of them is missing"
    elif p50 is not None and p95 is not None:
        if p95 < p50:
            yield f"adapt_ms_p95 is {p95:g} ms, less than the median {p50:g} ms"
        if not timing.repeats:
            yield "latencies are there, but repeats is 0: nothing was timed"
    if timing.measured is not None and None in (seconds, rate, p50):
        yield "measured says when `bench time` ran, but its numbers are missing"


def _training(entry: Entry) -> Iterator[str]:
    timing, recipe = entry.record.timing, entry.recipe
    seconds, rate = timing.train_s, timing.train_episodes_per_s
    if not entry.trained:
        if seconds or rate:
            yield f"train_s is {seconds}, train_episodes_per_s {rate}, but nothing was trained"
        return
    steps, batch = recipe.get("steps"), recipe.get("batch")
    if not (isinstance(steps, int) and isinstance(batch, int)):
        return  # said by the check of the recipe
    if seconds is not None and rate is not None and _product(seconds, rate)[1] < steps * batch:
        told = f"{rate:g} episodes/s for {seconds:g} s are {seconds * rate:,.0f} episodes"
        yield f"{told}; {steps:,} steps of {batch} are {steps * batch:,}"
    validation = entry.record.validation
    if validation is not None and validation.step > steps:
        yield f"the checkpoint is from step {validation.step:,} of {steps:,}"


def _clock_of_the_curve(entry: Entry) -> Iterator[str]:
    """Seconds of the validation checks run forwards and end within the training."""
    try:
        curve = entry.curve()
    except Mismatch:
        return  # said by the check of the curve
    train_s = entry.record.timing.train_s
    if curve is None or "seconds" not in curve or train_s is None:
        return
    seconds = curve["seconds"].to_numpy(dtype=np.float64)
    if (np.diff(seconds) < 0).any():
        yield "the seconds of curve.parquet run backwards"
    if len(seconds) and seconds[-1] > train_s + 2 * _ROUNDED:
        yield f"the last check of curve.parquet is at {seconds[-1]:g} s, train_s is {train_s:g}"


def _machine(record: Record) -> Iterator[str]:
    environment, peak = record.environment, record.memory.peak_host_mib
    if not (environment.cores and environment.threads and environment.ram_gib):
        yield f"{environment.cores} cores, {environment.threads} threads, {environment.ram_gib:g} GiB: no such machine"
    elif peak is not None and peak > 1024 * (environment.ram_gib + 1):
        yield f"peak_host_mib is {peak:g}, the machine has {1024 * environment.ram_gib:g}"


def _product(seconds: float, rate: float) -> tuple[float, float]:
    """What two rounded numbers may multiply to."""
    return (max(seconds - _ROUNDED, 0) * max(rate - _ROUNDED, 0), (seconds + _ROUNDED) * (rate + _ROUNDED))
