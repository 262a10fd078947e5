"""The runs that one picture shows: found, checked to belong together, and each with a name of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError
from bench.records import Record, RunStore, find_run

MOST = 12  # runs in a picture: six colours, solid and dashed


@dataclass(frozen=True)
class Chosen:
    """One run of a picture. label : the learner's name, and what tells it from the picture's other runs of it."""

    path: Path
    record: Record
    label: str


def choose(names: Sequence[str], roots: Sequence[Path]) -> list[Chosen]:
    """Runs by directory, key or first letters of a key, each once, in the order given.

    Raises UsageError for a run that is not there, has no scores, or answered other episodes than the first one.
    """
    paths = list(dict.fromkeys(find_run(name, roots)[1].resolve() for name in names))
    if len(paths) > MOST:
        raise UsageError(f"{len(paths)} runs don't fit into one picture.", f"Name at most {MOST}.")
    records = [RunStore(path).read(path) for path in paths]
    for record in records:
        if record.scores is None:
            raise UsageError(
                f"{record.algorithm.name} {record.key} is {record.status!r} and has no scores to draw: {record.reason}",
                "`bench list runs` shows the status of each run.",
            )
        if record.suite.manifest_sha256 != records[0].suite.manifest_sha256:
            suites = [f"{r.suite.name}@{r.suite.version}" for r in (records[0], record)]
            raise UsageError(
                f"The runs answered different episodes: {' and '.join(suites)}.", "Draw a picture of each suite."
            )
    return [Chosen(*run) for run in zip(paths, records, labels(records), strict=True)]


def labels(records: Sequence[Record]) -> list[str]:
    """A name for each record: its learner's with the options that were set, followed by what else differs."""
    found = [
        ", ".join([r.algorithm.name, *(f"{name}={value}" for name, value in r.algorithm.overrides.items())])
        for r in records
    ]
    facts: tuple[Callable[[Record], str], ...] = (
        lambda r: r.recipe,
        lambda r: r.budget,
        lambda r: "" if r.seed is None else f"seed {r.seed}",
        lambda r: r.key[:8],
    )
    for fact in facts:
        values = defaultdict(set)
        for label, record in zip(found, records, strict=True):
            values[label].add(fact(record))
        found = [
            f"{label}, {fact(record)}" if len(values[label]) > 1 and fact(record) else label
            for label, record in zip(found, records, strict=True)
        ]
    return found
