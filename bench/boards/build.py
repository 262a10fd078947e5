"""Records to boards: one board per suite, its rows scored and sorted."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.boards.admission import Admitted, Sorted, runs_by_row, sort_runs, turns
from bench.boards.beside import with_published
from bench.boards.flags import flags, section_of
from bench.boards.references import References, load_references
from bench.boards.rows import SECTIONS, Board, Cost, MetricSpec, Row, Section, Speed
from bench.boards.score import Matrix, new_classes_interval, row_interval
from bench.boards.sources import Generations, newest_sources
from bench.boards.standing import Scores, find_bound, find_reference, placed, ranks
from bench.records import Metric, Record
from bench.stats import Interval, Rank

Keys = tuple[str, ...]


def build_boards(*roots: Path, references: References | None = None) -> list[Board]:
    """The boards of all suites with stored runs below the roots, by name. The first root wins for a run in several.

    references : the published numbers to put beside the results [default: those that come with bench]

    Damaged, tampered, failed and otherwise inadmissible runs are in `Board.left_out` with the reason.
    """
    suites = sort_runs(roots)
    newest = newest_sources(run.record for found in suites.values() for run in found.admitted)
    published = load_references() if references is None else references
    return [with_published(_board(suite, found, newest), published) for suite, found in suites.items()]


def _board(suite: str, found: Sorted, newest: Generations) -> Board:
    if not found.admitted:
        return Board(suite, left_out=found.left_out)
    record = max((run.record for run in found.admitted), key=lambda record: record.finished)
    metric, *_ = metrics = _metrics([run.record for run in found.admitted])
    groups = list(runs_by_row(found.admitted))
    measured = [_row(group, metrics, found, newest) for group in groups]
    scores = {row.keys: _matrix(group, metric.name) for row, group in zip(measured, groups, strict=True)}
    reference, bound = find_reference(measured, record.suite.kind), find_bound(measured, metric)
    rows = [placed(row, scores, metric, reference, bound) for row in measured]
    places = {keys: rank for name in SECTIONS for keys, rank in _section_ranks(rows, name, scores, metric).items()}
    rows = [replace(row, rank=places.get(row.keys)) for row in rows]
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
        bound=bound.algorithm if bound else "",
        reference=reference.algorithm if reference else "",
        rows=tuple(rows),
        left_out=found.left_out,
    )


def _section_ranks(rows: Sequence[Row], name: Section, scores: Scores, metric: MetricSpec) -> dict[Keys, Rank]:
    return ranks([row for row in rows if row.section == name], scores, metric)


def _row(group: list[Admitted], metrics: Sequence[MetricSpec], found: Sorted, newest: Generations) -> Row:
    record = max((run.record for run in group), key=lambda record: record.finished)
    algorithm = record.algorithm
    ranked = _matrix(group, metrics[0].name)
    score, label = row_interval(ranked, algorithm.trains, metrics[0].skewed)
    extras: dict[str, Interval] = {}
    for extra in metrics[1:]:
        if all(extra.name in run.scores for run in group):
            extras[extra.name], _ = row_interval(_matrix(group, extra.name), algorithm.trains, extra.skewed)
    records = [run.record for run in group]
    return Row(
        section=section_of(record),
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
        gap=None,
        parameters=record.size.parameters if record.size else None,
        cost=_cost(records),
        speed=_speed(records),
        n_configs_tried=max(r.protocol.n_configs_tried for r in records),
        flags=flags(group, found, newest),
        source_sha256=algorithm.source_sha256,
        made_with=tuple(sorted({run.made_with for run in group})),
        bench_versions=tuple(sorted({_version(r) for r in records})),
        commands=tuple(dict.fromkeys(r.command for r in records)),
        keys=tuple(r.key for r in records),
        new_classes=new_classes_interval(ranked, group[0].classes, turns(record), score),
    )


def _metrics(records: Sequence[Record]) -> list[MetricSpec]:
    """The ranked metric, then every other one in the order the records bring them up."""
    found: dict[str, MetricSpec] = {}
    for record in sorted(records, key=lambda record: (-len(record.metrics), record.key)):
        for metric in record.metrics:
            found.setdefault(metric.name, _spec(metric))
    return list(found.values())


def _spec(metric: Metric) -> MetricSpec:
    return MetricSpec(metric.name, metric.unit, metric.higher_is_better, metric.ci_method == "bootstrap-t")


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
