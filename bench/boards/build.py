"""Records to boards: one board per suite, its rows scored and sorted."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.boards.admission import Admitted, Sorted, runs_by_row, setting, sort_runs
from bench.boards.rows import SECTIONS, Board, Cost, MetricSpec, Row, Section, Speed
from bench.boards.score import Matrix, gap_interval, row_interval
from bench.records import Record
from bench.stats import Interval

Generations = dict[tuple[str, str], str]  # (algorithm, origin) -> its newest source


def build_boards(*roots: Path) -> list[Board]:
    """The boards of all suites with stored runs below the roots, by name. The first root wins for a run in several.

    Damaged, tampered, failed and otherwise inadmissible runs are in `Board.left_out` with the reason.
    """
    suites = sort_runs(roots)
    newest = _newest_sources([run.record for found in suites.values() for run in found.admitted])
    return [_board(suite, found, newest) for suite, found in suites.items()]


def _board(suite: str, found: Sorted, newest: Generations) -> Board:
    if not found.admitted:
        return Board(suite, left_out=found.left_out)
    record = max((run.record for run in found.admitted), key=lambda record: record.finished)
    metric, *_ = metrics = _metrics([run.record for run in found.admitted])
    groups = list(runs_by_row(found.admitted))
    bound = _best_bound(groups, metric)
    rows = [_row(group, metric, bound, found, newest) for group in groups]
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
        bound=bound[0].record.algorithm.name if bound else "",
        rows=tuple(rows),
        left_out=found.left_out,
    )


def _row(
    group: list[Admitted], metric: MetricSpec, bound: list[Admitted] | None, found: Sorted, newest: Generations
) -> Row:
    record = max((run.record for run in group), key=lambda record: record.finished)
    algorithm = record.algorithm
    score, label = row_interval(_matrix(group, metric.name), algorithm.trains)
    extras: dict[str, Interval] = {}
    for extra in record.metrics[1:]:
        if all(extra.name in run.scores for run in group):
            extras[extra.name], _ = row_interval(_matrix(group, extra.name), algorithm.trains)
    gap = None
    if bound and not algorithm.knows:
        gap = gap_interval(_matrix(group, metric.name), _matrix(bound, metric.name), metric.higher_is_better)
    records = [run.record for run in group]
    return Row(
        section=_section(record),
        algorithm=algorithm.name,
        origin=algorithm.origin,
        title=algorithm.title,
        family=algorithm.family,
        knows=algorithm.knows,
        trains=algorithm.trains,
        recipe=record.recipe,
        options=_texts(algorithm.options),
        overrides=_texts(algorithm.overrides),
        precision=record.precision,
        transductive=record.protocol.transductive,
        seeds=tuple(r.seed for r in records if r.seed is not None),
        score=score,
        score_label=label,
        extras=extras,
        gap=gap,
        parameters=record.size.parameters if record.size else None,
        cost=_cost(records),
        speed=_speed(records),
        n_configs_tried=max(r.protocol.n_configs_tried for r in records),
        flags=_flags(group, found, newest),
        source_sha256=algorithm.source_sha256,
        bench_versions=tuple(sorted({_version(r) for r in records})),
        commands=tuple(dict.fromkeys(r.command for r in records)),
        keys=tuple(r.key for r in records),
    )


def _flags(group: list[Admitted], found: Sorted, newest: Generations) -> tuple[str, ...]:
    """What a reader must know before comparing this row with another."""
    record = group[0].record
    seeds = {run.record.seed for run in group}
    flags: list[str] = []
    if record.algorithm.source_sha256 != newest[record.algorithm.name, record.algorithm.origin]:
        flags.append("older source")
    elif _older_recipe(group, found):
        flags.append("older recipe")
    for run in sorted(found.failed, key=lambda run: (-1 if run.seed is None else run.seed, run.key)):
        same = setting(run) == setting(record) and run.algorithm.source_sha256 == record.algorithm.source_sha256
        if same and run.seed not in seeds:
            flags.append(run.status if run.seed is None else f"seed {run.seed} {run.status}")
    if record.protocol.external_data:
        flags.append(f"external data: {', '.join(record.protocol.external_data)}")
    if record.protocol.saw_test_classes:
        flags.append("saw test classes")
    if record.protocol.transductive and _section(record) != "transductive":
        flags.append("transductive")
    if record.protocol.test_time_ensemble > 1:
        flags.append(f"ensemble of {record.protocol.test_time_ensemble}")
    if floored := sum(run.floored for run in group):
        flags.append(f"{floored:,} episodes scored the floor")
    return tuple(dict.fromkeys(flags))


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


def _newest_sources(records: Sequence[Record]) -> Generations:
    newest: Generations = {}
    for record in sorted(records, key=lambda record: (record.finished, record.key)):
        newest[record.algorithm.name, record.algorithm.origin] = record.algorithm.source_sha256
    return newest


def _best_bound(groups: list[list[Admitted]], metric: MetricSpec) -> list[Admitted] | None:
    bounds = [group for group in groups if group[0].record.algorithm.knows]
    pick = max if metric.higher_is_better else min
    return pick(bounds, key=lambda group: float(_matrix(group, metric.name).mean()), default=None)


def _metrics(records: Sequence[Record]) -> list[MetricSpec]:
    """The ranked metric, then every other one in the order the records bring them up."""
    found: dict[str, MetricSpec] = {}
    for record in sorted(records, key=lambda record: (-len(record.metrics), record.key)):
        for metric in record.metrics:
            found.setdefault(metric.name, MetricSpec(metric.name, metric.unit, metric.higher_is_better))
    return list(found.values())


def _section(record: Record) -> Section:
    if record.protocol.external_data or record.protocol.saw_test_classes:
        return "external data"
    return "transductive" if record.protocol.transductive else "inductive"


def _speed(records: Sequence[Record]) -> Speed | None:
    by_class: dict[str, list[float]] = {}
    for record in records:
        if record.timing.eval_episodes_per_s is not None and not record.timing.contended:
            by_class.setdefault(record.environment.hardware_class, []).append(record.timing.eval_episodes_per_s)
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


def _matrix(group: Sequence[Admitted], metric: str) -> Matrix:
    return np.stack([run.scores[metric] for run in group])
