"""Rows beside each other: ranks within a section, the reference that deltas are measured to, the bound above all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bench.boards.rows import REFERENCES, SECTIONS, MetricSpec, Row
from bench.boards.score import Matrix, comparable, difference, gap_interval
from bench.stats import Rank, compare_all, rank_intervals

Scores = Mapping[tuple[str, ...], Matrix]  # a row's keys -> float64 [seeds, episodes] of the ranked metric


def find_reference(rows: Sequence[Row], kind: str) -> Row | None:
    """The row of the first learner in `REFERENCES` that is there, as it comes: default options, inductive, newest
    source."""
    names = REFERENCES.get(kind, ())
    plain = (row for row in rows if row.algorithm in names and not row.overrides and not row.superseded)
    return min(plain, key=lambda row: (names.index(row.algorithm), SECTIONS.index(row.section), row.keys), default=None)


def find_bound(rows: Sequence[Row], metric: MetricSpec) -> Row | None:
    """The best oracle: gaps are measured to it."""
    pick = max if metric.higher_is_better else min
    return pick((row for row in rows if row.knows), key=lambda row: row.score.mean, default=None)


def placed(row: Row, scores: Scores, metric: MetricSpec, reference: Row | None, bound: Row | None) -> Row:
    """The row with its paired distances to the reference and to the bound."""
    own = scores[row.keys]
    delta = None if reference is None or reference is row else difference(own, scores[reference.keys])
    gap = None if bound is None or row.knows else gap_interval(own, scores[bound.keys], metric.higher_is_better)
    return replace(row, delta=delta, gap=gap)


def ranks(rows: Sequence[Row], scores: Scores, metric: MetricSpec) -> dict[tuple[str, ...], Rank]:
    """Ranks of one section's rows by their keys: all pairs, Holm-corrected. A row alone has no rank."""
    competing = {",".join(row.keys): row for row in rows if row.ranked}
    if len(competing) < 2:
        return {}
    pairs = compare_all({name: comparable(scores[row.keys]) for name, row in competing.items()})
    found = rank_intervals(pairs, higher_is_better=metric.higher_is_better)
    return {row.keys: found[name] for name, row in competing.items()}
