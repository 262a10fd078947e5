"""The numbers of one board's rows, each read from scores once and remembered (`board.memo`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

from bench.boards.board.loaded import Answers, matrix
from bench.boards.board.memo import Memo
from bench.boards.board.number_cautions import cautions
from bench.boards.board.ranking import (
    Distances,
    Matrix,
    compared_values,
    distances,
    error_summary,
    new_classes_interval,
    plain_mean,
    ranks,
)
from bench.boards.board.rows import ErrorSummary, MetricSpec, Row
from bench.stats import Interval, Rank

Keys = tuple[str, ...]  # of a row's runs


@dataclass(frozen=True)
class RowNumbers:
    """What a row says without regard to others.

    means : plain mean of every metric that all its runs have
    errors : of those that are errors
    """

    means: dict[str, Interval]
    errors: dict[str, ErrorSummary]
    score: Interval
    cautions: tuple[str, ...]
    new_classes: Interval | None


@dataclass(frozen=True)
class _Ranks:
    ranks: list[Rank]


class _Values(Mapping[Keys, Matrix]):
    """`compared_values` of the ranked metric by a row's keys, read when they are asked for."""

    def __init__(self, runs: Mapping[Keys, Sequence[Answers]], metric: MetricSpec) -> None:
        self._runs, self._metric = runs, metric
        self._read: dict[Keys, Matrix] = {}

    def __getitem__(self, keys: Keys) -> Matrix:
        if keys not in self._read:
            self._read[keys] = compared_values(matrix(self._runs[keys], self._metric.name), self._metric)
        return self._read[keys]

    def __iter__(self) -> Iterator[Keys]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)


class BoardNumbers:
    """The numbers of rows that share a ranked metric. runs : by a row's keys, seeds in order"""

    def __init__(self, runs: Mapping[Keys, Sequence[Answers]], metric: MetricSpec, memo: Memo) -> None:
        self._runs, self._metric, self._memo = runs, metric, memo
        self._values = _Values(runs, metric)

    def of_row(self, keys: Keys, metrics: Sequence[MetricSpec], ids_per_class: int) -> RowNumbers:
        """metrics : those that all runs have, the ranked one first; ids_per_class : see `new_classes_interval`"""
        runs = self._runs[keys]
        names = [metric.name for metric in metrics]
        of = [[run.identity(names) for run in runs], [astuple(metric) for metric in metrics], ids_per_class]
        return self._memo.number(RowNumbers, of, lambda: _row_numbers(runs, metrics, ids_per_class))

    def distances(self, row: Row, reference: Row | None, bound: Row | None) -> Distances:
        """The row's paired distances to the reference and to the bound."""
        rows = [other and [self._identity(other), other is row] for other in (row, reference, bound)]
        of = [rows, bool(row.privileged), astuple(self._metric)]
        return self._memo.number(Distances, of, lambda: distances(row, self._values, self._metric, reference, bound))

    def ranks(self, rows: Sequence[Row]) -> dict[Keys, Rank]:
        """Ranks of one section's rows; none of a row that stands alone, or does not compete."""
        competing = [row for row in rows if row.ranked]
        if len(competing) < 2:
            return {}

        def compute() -> _Ranks:
            found = ranks(competing, self._values, self._metric)
            return _Ranks([found[row.keys] for row in competing])

        of = [[self._identity(row) for row in competing], astuple(self._metric)]
        found = self._memo.number(_Ranks, of, compute)
        return {row.keys: rank for row, rank in zip(competing, found.ranks, strict=True)}

    def _identity(self, row: Row) -> list[object]:
        return [run.identity([self._metric.name]) for run in self._runs[row.keys]]


def _row_numbers(runs: Sequence[Answers], metrics: Sequence[MetricSpec], ids_per_class: int) -> RowNumbers:
    ranked = metrics[0]
    scores = {metric.name: matrix(runs, metric.name) for metric in metrics}
    means = {metric.name: plain_mean(scores[metric.name], metric) for metric in metrics}
    errors = {metric.name: error_summary(scores[metric.name], metric) for metric in metrics if metric.skewed}
    score = errors[ranked.name].geometric if ranked.skewed else means[ranked.name]
    values, classes = compared_values(scores[ranked.name], ranked), runs[0].read().classes
    return RowNumbers(
        means=means,
        errors=errors,
        score=score,
        cautions=tuple(cautions(score, errors, scores[ranked.name], ranked)),
        new_classes=new_classes_interval(values, ranked, classes, ids_per_class, score),
    )
