"""Records to boards: one board per suite, its rows scored, flagged and sorted."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.boards.board.admission import Admitted, Sorted, runs_by_row, sort_runs
from bench.boards.board.answered import with_published
from bench.boards.board.domain_facts import ids_per_class, metric_spec
from bench.boards.board.levels import verified
from bench.boards.board.memo import Memo
from bench.boards.board.numbers import BoardNumbers, Keys
from bench.boards.board.published import PublishedNumbers, load_published
from bench.boards.board.ranking import covers, find_bound, find_reference
from bench.boards.board.rows import (
    AUTHORS,
    OLDER_RECIPE,
    OLDER_SOURCE,
    SAW_TEST_CLASSES,
    SECTIONS,
    UNPINNED,
    Board,
    Cost,
    MetricSpec,
    Row,
    Section,
    Speed,
    learner_of,
    seeds_text,
)
from bench.boards.board.sources import CARRIED_OVER, LEVELS, Generations, newest_sources
from bench.records import Record, exposure


def build_boards(*roots: Path, published: PublishedNumbers | None = None) -> list[Board]:
    """The boards of all suites with stored runs below the roots, by name. The first root wins for a run in several.

    published : the published numbers to put beside the results [default: those that come with bench]

    Damaged, tampered, failed and otherwise inadmissible runs are in `Board.left_out` with the reason.
    """
    memo = Memo()
    suites = sort_runs(roots, memo)
    newest = newest_sources(run.record for found in suites.values() for run in found.admitted)
    numbers = load_published() if published is None else published
    boards = [with_published(_board(suite, found, newest, memo), numbers) for suite, found in suites.items()]
    memo.save()
    return boards


def _board(suite: str, found: Sorted, newest: Generations, memo: Memo) -> Board:
    if not found.admitted:
        return Board(suite, left_out=found.left_out)
    record = max((run.record for run in found.admitted), key=lambda record: record.finished)
    metric, *_ = metrics = _metrics([run.record for run in found.admitted])
    groups = list(runs_by_row(found.admitted))
    numbers = BoardNumbers({_keys(group): [run.answers for run in group] for group in groups}, metric, memo)
    measured = [_row(group, metrics, numbers, found, newest) for group in groups]
    reference, bound = find_reference(measured, record.suite.kind), find_bound(measured, metric)
    away = {row.keys: numbers.distances(row, reference, bound) for row in measured}
    places = {
        keys: rank
        for name in SECTIONS
        for keys, rank in numbers.ranks([row for row in measured if row.section == name]).items()
    }
    rows = [
        replace(row, delta=away[row.keys].delta, gap=away[row.keys].gap, rank=places.get(row.keys)) for row in measured
    ]
    sign = -1.0 if metric.higher_is_better else 1.0
    rows.sort(key=lambda row: (SECTIONS.index(row.section), sign * row.score.mean, row.algorithm, row.keys))
    return Board(
        suite=suite,
        version=record.suite.version,
        kind=record.suite.kind,
        manifest_sha256=record.suite.manifest_sha256,
        data_fingerprint=record.suite.data_fingerprint,
        data_source=record.suite.data_source,
        metric=metric,
        extra_metrics=tuple(metrics[1:]),
        bound=str(bound.learner) if bound else "",
        reference=str(reference.learner) if reference else "",
        rows=tuple(rows),
        left_out=found.left_out,
    )


def _keys(group: Sequence[Admitted]) -> Keys:
    return tuple(run.record.key for run in group)


def _row(
    group: list[Admitted], metrics: Sequence[MetricSpec], numbers: BoardNumbers, found: Sorted, newest: Generations
) -> Row:
    record = max((run.record for run in group), key=lambda record: record.finished)
    algorithm = record.algorithm
    there = [metric for metric in metrics if all(metric.name in run.answers.columns for run in group)]
    own = numbers.of_row(_keys(group), there, ids_per_class(record.suite))
    means = dict(own.means)
    plain = means.pop(there[0].name)
    records = [run.record for run in group]
    return Row(
        section=_section(record),
        learner=learner_of(record),
        title=algorithm.title,
        family=algorithm.family,
        privileged=algorithm.privileged,
        trains=algorithm.trains,
        recipe=record.recipe,
        options=_texts(algorithm.options),
        overrides=_texts(algorithm.overrides),
        precision=record.precision,
        transductive=record.protocol.transductive,
        seeds=tuple(r.seed for r in records if r.seed is not None),
        score=own.score,
        score_label=covers(len(group), algorithm.trains or record.published_weights is not None),
        plain=plain,
        extras=means,
        errors=own.errors,
        gap=None,
        parameters=record.size.parameters if record.size else None,
        cost=_cost(records),
        speed=_speed(records),
        n_configs_tried=max(r.protocol.n_configs_tried for r in records),
        flags=_flags(group, found, newest),
        cautions=own.cautions,
        source_sha256=algorithm.source_sha256,
        made_with=tuple(sorted({run.made_with for run in group})),
        verified=verified(records, [run.made_with for run in group]),
        carried_over=tuple(level for level in LEVELS if any(run.carried_over == level for run in group)),
        bench_versions=tuple(sorted({_version(r) for r in records})),
        commands=tuple(dict.fromkeys(r.command for r in records)),
        keys=_keys(group),
        new_classes=own.new_classes,
        weights=record.published_weights,
    )


def _section(record: Record) -> Section:
    """Where a row stands: what it was allowed to see decides, never its score."""
    if record.published_weights is not None:
        return AUTHORS
    if exposure(record) != "train split":
        return "external data"
    return "transductive" if record.protocol.transductive else "inductive"


def _flags(group: list[Admitted], found: Sorted, newest: Generations) -> tuple[str, ...]:
    """What a reader must know before comparing the row with another. `group`: its runs; `found`: all of the suite."""
    record = group[0].record
    seeds = {run.record.seed for run in group}
    notes: list[str] = [] if all(run.record.suite.pinned for run in group) else [UNPINNED]
    if record.algorithm.source_sha256 != newest[learner_of(record)]:
        notes.append(OLDER_SOURCE)
    elif found.latest_recipe[group[0].setting, record.algorithm.source_sha256] != group[0].recipe_sha256:
        notes.append(OLDER_RECIPE)
    for level in LEVELS:
        over = [run.record.seed for run in group if run.carried_over == level]
        if len(over) == len(group):
            notes.append(CARRIED_OVER[level])
        elif over:
            which = seeds_text([seed for seed in over if seed is not None])
            notes.append(f"seed{'s' if len(over) > 1 else ''} {which} {CARRIED_OVER[level]}")
    made_with = {run.made_with for run in group}
    for run in found.failed_of.get(group[0].setting, ()):
        if run.algorithm.source_sha256 in made_with and run.seed not in seeds:
            notes.append(run.status if run.seed is None else f"seed {run.seed} {run.status}")
    if record.protocol.external_data:
        notes.append(f"external data: {', '.join(record.protocol.external_data)}")
    if exposure(record) == "test classes":
        notes.append(SAW_TEST_CLASSES)
    if record.protocol.transductive and _section(record) != "transductive":
        notes.append("transductive")
    if record.protocol.test_time_ensemble > 1:
        notes.append(f"ensemble of {record.protocol.test_time_ensemble}")
    if floored := sum(run.floored for run in group):
        notes.append(f"{floored:,} episodes scored the floor")
    return tuple(dict.fromkeys(notes))


def _metrics(records: Sequence[Record]) -> list[MetricSpec]:
    """The ranked metric, then every other one in the order the records bring them up."""
    found: dict[str, MetricSpec] = {}
    for record in sorted(records, key=lambda record: (-len(record.metrics), record.key)):
        for metric in record.metrics:
            found.setdefault(metric.name, metric_spec(metric, record.suite))
    return list(found.values())


def _speed(records: Sequence[Record]) -> Speed | None:
    """From measurements that were made for it, of the hardware class with most of them."""
    by_class: dict[str, list[float]] = {}
    for record in records:
        timing = record.timing
        if timing.eval_episodes_per_s is not None and timing.measured is not None and not timing.contended:
            hardware = timing.hardware_class or record.environment.hardware_class
            by_class.setdefault(hardware, []).append(timing.eval_episodes_per_s)
    if not by_class:
        return None
    name = max(sorted(by_class), key=lambda name: len(by_class[name]))
    return Speed(statistics.median(by_class[name]), name)


def _cost(records: Sequence[Record]) -> Cost | None:
    seconds = [record.timing.train_s for record in records if record.timing.train_s is not None]
    if not seconds:
        return None
    devices = Counter(record.environment.device for record in records)
    return Cost(statistics.fmean(seconds), ", ".join(sorted(devices)))


def _version(record: Record) -> str:
    commit = f" ({record.code.commit[:12]}{', changed' if record.code.dirty else ''})" if record.code.commit else ""
    return f"{record.code.bench_version}{commit}"


def _texts(options: dict[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in sorted(options.items()))
