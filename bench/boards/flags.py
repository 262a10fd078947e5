"""What a reader must know before comparing a row with another."""

from __future__ import annotations

from bench.boards.admission import Admitted, Sorted, setting
from bench.boards.numbers import seeds_text
from bench.boards.rows import CONFIRMED, OLDER_RECIPE, OLDER_SOURCE, Section
from bench.boards.sources import Generations
from bench.records import Record


def section_of(record: Record) -> Section:
    """Where a row stands: what it was allowed to see decides, never its score."""
    if record.protocol.external_data or record.protocol.saw_test_classes:
        return "external data"
    return "transductive" if record.protocol.transductive else "inductive"


def flags(group: list[Admitted], found: Sorted, newest: Generations) -> tuple[str, ...]:
    """The notes of a row: `group` are its runs, `found` all runs of the suite."""
    record = group[0].record
    seeds = {run.record.seed for run in group}
    notes: list[str] = []
    confirmed = [run.record.seed for run in group if run.confirmed]
    if record.algorithm.source_sha256 != newest[record.algorithm.name, record.algorithm.origin]:
        notes.append(OLDER_SOURCE)
    elif _older_recipe(group, found):
        notes.append(OLDER_RECIPE)
    if len(confirmed) == len(group):
        notes.append(CONFIRMED)
    elif confirmed:
        notes.append(f"seeds {seeds_text([seed for seed in confirmed if seed is not None])} {CONFIRMED}")
    made_with = {run.made_with for run in group}
    for run in sorted(found.failed, key=lambda run: (-1 if run.seed is None else run.seed, run.key)):
        same = setting(run) == setting(record) and run.algorithm.source_sha256 in made_with
        if same and run.seed not in seeds:
            notes.append(run.status if run.seed is None else f"seed {run.seed} {run.status}")
    if record.protocol.external_data:
        notes.append(f"external data: {', '.join(record.protocol.external_data)}")
    if record.protocol.saw_test_classes:
        notes.append("saw test classes")
    if record.protocol.transductive and section_of(record) != "transductive":
        notes.append("transductive")
    if record.protocol.test_time_ensemble > 1:
        notes.append(f"ensemble of {record.protocol.test_time_ensemble}")
    if floored := sum(run.floored for run in group):
        notes.append(f"{floored:,} episodes scored the floor")
    return tuple(dict.fromkeys(notes))


def _older_recipe(group: list[Admitted], found: Sorted) -> bool:
    """Is there a later row of the same setting and source, whose named recipe had other entries?"""
    record = group[0].record
    same = [
        run
        for run in found.admitted
        if setting(run.record) == setting(record)
        and run.record.algorithm.source_sha256 == record.algorithm.source_sha256
    ]
    return max(same, key=lambda run: run.record.finished).recipe_sha256 != group[0].recipe_sha256
