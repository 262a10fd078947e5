"""Which source of a learner a result speaks for: the one that ran, or the newest one, when that answered the same.

A learner's file changes, its results stay. The newest source may answer a run's episodes again from its checkpoint, and
the outcome is appended to the record's `verification` with the hash of the source that answered:

    spot        some episodes, drawn by lot (`bench verify PATH --level spot --record --by NAME`)
    rescored    every official episode, all in agreement

A board takes a run whose last such outcome for the newest source is a pass as a run of that source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, get_args

from bench.boards.board.rows import OFFICIAL_EPISODES, Learner, learner_of
from bench.records import Record

Level = Literal["spot", "rescored"]
LEVELS: tuple[Level, ...] = get_args(Level)

# What the rows say of runs that were carried over, and what a page's notes say of such rows.
CARRIED_OVER: Mapping[Level, str] = {
    "spot": "confirmed for newer source",
    "rescored": "re-scored with the newest source",
}
EXPLAINED: Mapping[Level, str] = {
    "spot": "an earlier version of the learner's code made the result; the newest one answered some of its episodes, "
    "drawn by lot, from the same weights, and agreed.",
    "rescored": "an earlier version of the learner's code made the result; the newest one answered every official "
    "episode from the same weights, and all scores agree (to rounding, where the hardware is another).",
}

Generations = Mapping[Learner, str]  # a learner -> its newest source
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*Z")  # RFC 3339 in UTC, which sorts as text


@dataclass(frozen=True)
class Attributed:
    """A record as one of the source that it counts for, and how it was carried over; None for the source that ran."""

    record: Record
    carried_over: Level | None = None


class Ran(Protocol):
    """A run with the source that made it, whichever it counts for."""

    @property
    def record(self) -> Record: ...

    @property
    def made_with(self) -> str: ...


AnyRun = TypeVar("AnyRun", bound=Ran)


def later_sources_first(runs: Iterable[AnyRun]) -> list[AnyRun]:
    """The order in which runs of one setting and seed stand: those of later sources first, then by age.

    A first result can't be bettered by repeating it; what an earlier source made gives way to what a later one made.
    """
    ordered = sorted(runs, key=lambda run: (run.record.finished, run.record.key))
    last_made = {(learner_of(run.record), run.made_with): run.record.finished for run in ordered}
    return sorted(ordered, key=lambda run: last_made[learner_of(run.record), run.made_with], reverse=True)


def newest_sources(records: Iterable[Record]) -> Generations:
    """The source of each learner that last ran or, for an older run, last answered; over all suites.

    The later of the two, because nothing else dates a source: code that was changed without effect on any result has
    no run of its own, only answers to earlier runs; code that was changed back is the newest again once it answers. A
    failed verification dates its source like a passed one: the older results are then known to be another code's.
    """
    dated = sorted((date, source, learner_of(record)) for record in records for date, source in _dated(record))
    return {learner: source for _, source, learner in dated}


def _dated(record: Record) -> Iterator[tuple[str, str]]:
    """When which source ran the record or answered its episodes."""
    yield record.finished, record.algorithm.source_sha256
    for entry in record.verification:
        date, source = entry.get("date"), entry.get("source_sha256")
        if entry.get("level") in LEVELS and isinstance(source, str) and _DATE.fullmatch(str(date)):
            yield str(date), source


def as_newest(record: Record, newest: Generations) -> Attributed:
    """The record as one of its learner's newest source, where that answered the same; else as it is.

    Of the recorded answers by the newest source, of either level, the last one decides. The options are then those it
    answered with: the record's, and the defaults of options that the source that ran did not have.
    """
    algorithm = record.algorithm
    source = newest.get(learner_of(record), algorithm.source_sha256)
    answers = [e for e in record.verification if e.get("level") in LEVELS and e.get("source_sha256") == source]
    if source == algorithm.source_sha256 or not answers or not _same(answers[-1], record):
        return Attributed(record)
    update = {"source_sha256": source, "options": answers[-1].get("options") or algorithm.options}
    return Attributed(
        record.model_copy(update={"algorithm": algorithm.model_copy(update=update)}), answers[-1]["level"]
    )


def _same(entry: Mapping[str, Any], record: Record) -> bool:
    """Does the entry say that the source gave the record's answers? A re-scoring has to cover what a board shows."""
    if entry["level"] == "rescored":
        episodes = entry.get("episodes")
        covered = isinstance(episodes, int) and episodes >= min(record.episodes, OFFICIAL_EPISODES)
        return entry.get("passed") is True and covered and entry.get("differing") == 0
    return entry.get("passed") is True
