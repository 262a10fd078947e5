"""Which source of a learner a result speaks for: the one that ran, or the newest one, when that answered the same.

A learner's file changes, its results stay. `bench verify PATH --level spot --record --by NAME` lets the installed
source answer some of a run's episodes from the run's checkpoint and appends the outcome, with the hash of the source
that answered. A board takes a run whose last such outcome for the newest source is a pass as a run of that source.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.records import Record

Generations = dict[tuple[str, str], str]  # (algorithm, origin) -> its newest source


def newest_sources(records: Iterable[Record]) -> Generations:
    """The source each learner's latest run was made with, over all suites."""
    newest: Generations = {}
    for record in sorted(records, key=lambda record: (record.finished, record.key)):
        newest[record.algorithm.name, record.algorithm.origin] = record.algorithm.source_sha256
    return newest


def as_newest(record: Record, newest: Generations) -> Record:
    """The record as one of its learner's newest source, where that is confirmed; else the record itself.

    Confirmed: of the recorded spot verifications by the newest source, the last one passed. The options are then those
    it answered with: the record's, and the defaults of options that the source that ran did not have.
    """
    algorithm = record.algorithm
    source = newest.get((algorithm.name, algorithm.origin), algorithm.source_sha256)
    if source == algorithm.source_sha256:
        return record
    spots = [e for e in record.verification if e.get("level") == "spot" and e.get("source_sha256") == source]
    if not spots or spots[-1].get("passed") is not True:
        return record
    update = {"source_sha256": source, "options": spots[-1].get("options") or algorithm.options}
    return record.model_copy(update={"algorithm": algorithm.model_copy(update=update)})
