"""Comparisons and plans as tables for people, as one JSON object, and as rows of numbers."""

from __future__ import annotations

from typing import Any

from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.number_cautions import few_df
from bench.boards.board.rows import seeds_text
from bench.boards.compare.comparison import Pair, Placed, Report
from bench.boards.compare.planning import ComparisonPlan
from bench.boards.render.formats import (
    change_text,
    mean_text,
    rank_text,
    ranked_by,
    ranked_header,
    score_text,
)
from bench.boards.render.table import NONE, Table
from bench.stats import Interval

NO_INTERVAL: dict[str, Any] = dict.fromkeys(("mean", "low", "high", "se", "df", "interval"))

_FEWEST = 1e-4  # smaller p-values are shown as "< 0.0001"


def comparison_tables(report: Report) -> list[Table]:
    """Scores with ranks, means of errors, differences of all pairs, sources of the uncertainty (with enough seeds)."""
    tables = [_scores(report), *([_means(report)] if report.metric.skewed else []), _differences(report)]
    return [*tables, _variances(report)] if any(s.variance for s in report.placed) else tables


def comparison_json(report: Report) -> dict[str, Any]:
    """Everything in the records' units: accuracies and their differences as fractions.

    "mean" is the mean, whatever ranks. Errors rank and are compared by "geometric_mean" and "ratio"; their differences
    of means are null. The "se" of those two is that of the logarithm.
    """
    metric = report.metric
    return {
        "suite": report.suite,
        "version": report.version,
        "metric": {"name": metric.name, "unit": metric.unit, "higher_is_better": metric.higher_is_better},
        "ranked_by": ranked_by(metric),
        "episodes": report.episodes,
        "scores": [_placed_json(placed) for placed in report.placed],
        "differences": [_pair_json(pair) for pair in report.pairs],
        "warnings": list(report.warnings),
        "advice": report.advice,
    }


def comparison_rows(report: Report) -> list[dict[str, Any]]:
    """One row per pair for CSV: a minus b, in the records' units; of errors a / b, `se` and `df` of its logarithm."""
    rows = []
    for pair in report.pairs:
        found = pair.comparison.difference
        shown = pair.ratio or found
        difference = NO_INTERVAL if pair.ratio else _ends(found)
        new_classes = _ends(pair.new_classes) if pair.new_classes else NO_INTERVAL
        rows.append(
            {
                "suite": report.suite,
                "version": report.version,
                "metric": report.metric.name,
                "unit": report.metric.unit,
                "a": pair.comparison.a,
                "b": pair.comparison.b,
                "difference": difference["mean"],
                "low": difference["low"],
                "high": difference["high"],
                "se": found.se,
                "df": found.df,
                "p": found.p,
                "p_holm": pair.comparison.p_holm,
                "open_low": new_classes["low"],
                "open_high": new_classes["high"],
                "ratio": pair.ratio.mean if pair.ratio else None,
                "ratio_low": pair.ratio.low if pair.ratio else None,
                "ratio_high": pair.ratio.high if pair.ratio else None,
                "episodes": report.episodes,
                "interval": shown.method,
            }
        )
    return rows


def plan_tables(found: ComparisonPlan) -> list[Table]:
    """Episodes for two checkpoints, and seeds by episodes for two algorithms."""
    who = " and ".join(found.learners) or "accuracy"
    tables = [
        Table(
            f"Checkpoints, {who}: to find {found.delta:g} {found.unit}",
            (_sd_header(found), "", f"episodes, power {found.power:.0%}"),
            (True, False, True),
            tuple((f"{row.sd:.3g}", row.about, f"{row.episodes:,}") for row in found.checkpoints),
        )
    ]
    if found.algorithms:
        tables.append(
            Table(
                "Algorithms: seeds each",
                ("episodes", f"seeds, power {found.power:.0%}"),
                (True, True),
                tuple((f"{p.episodes:,}", "over 100" if p.seeds is None else str(p.seeds)) for p in found.algorithms),
            )
        )
    return tables


def _sd_header(found: ComparisonPlan) -> str:
    return "sd of the log ratio" if found.of_errors else f"sd of the difference, {found.unit}"


def plan_json(found: ComparisonPlan) -> dict[str, Any]:
    """The plan in the unit it names; seeds are null where no 100 are enough."""
    return {
        "delta": found.delta,
        "unit": found.unit,
        "power": found.power,
        "level": found.level,
        "learners": list(found.learners),
        "pilot_sd": found.pilot,
        "checkpoints": [{"sd": c.sd, "about": c.about, "episodes": c.episodes} for c in found.checkpoints],
        "algorithms": [{"episodes": p.episodes, "seeds": p.seeds} for p in found.algorithms],
        "note": found.note,
    }


def p_text(p: float) -> str:
    """
    >>> p_text(0.0312), p_text(0.00001)
    ('0.0312', '< 0.0001')
    """
    return f"{p:.4f}" if p >= _FEWEST else f"< {_FEWEST:.4f}"


def _scores(report: Report) -> Table:
    unit = report.metric.unit
    rows = []
    for placed in report.placed:
        who = placed.compared
        rows.append(
            (
                who.name,
                score_text(placed.score, unit),
                rank_text(placed.rank),
                who.mode,
                who.record.recipe if who.trains else "n/a",
                seeds_text(who.seeds) if who.trains else "n/a",
                _interval_text(placed),
            )
        )
    headers = ("algorithm", ranked_header(report.metric), "rank", "mode", "recipe", "seeds", "interval")
    leading = frozenset((i, j) for i, s in enumerate(report.placed) if s.rank.best == 1 for j in (1, 2))
    title = f"{report.suite}@{report.version}, {report.episodes:,} common episodes"
    return Table(title, headers, (False, True, True, False, False, False, False), tuple(rows), leading)


def _interval_text(placed: Placed) -> str:
    """What the interval covers, and its degrees of freedom where they are few."""
    return f"{placed.score_label}{few_df(placed.score, ', ')}"


def _means(report: Report) -> Table:
    """What people know an error by, and how far it can be trusted."""
    rows = [
        (
            placed.compared.name,
            mean_text(report.metric, placed.plain, placed.errors),
            f"{placed.errors.median:.3g}",
            f"{placed.errors.top.share:.0%}",
        )
        for placed in report.placed
        if placed.errors
    ]
    headers = ("algorithm", "mean", "median", "of the mean in 1% of the episodes")
    return Table("Beside the geometric mean", headers, (False, True, True, True), tuple(rows))


def _differences(report: Report) -> Table:
    metric = report.metric
    shown = unit_facts(metric.unit)
    sign, what = ("/", "ratio of geometric means") if metric.skewed else ("-", "difference")
    headers = [f"a {sign} b", f"{what}, {shown.difference}" if shown.sign else what, "p (Holm)", "better"]
    rows = [
        [
            f"{pair.comparison.a} {sign} {pair.comparison.b}",
            change_text(pair.ratio or pair.comparison.difference, metric),
            p_text(pair.comparison.p_holm),
            _better(pair, report.metric.higher_is_better),
        ]
        for pair in report.pairs
    ]
    if any(pair.new_classes for pair in report.pairs):
        headers.append("on new classes")
        for row, pair in zip(rows, report.pairs, strict=True):
            row.append(change_text(pair.new_classes, metric) if pair.new_classes else NONE)
    right = (False, True, True, False, *(True for _ in headers[4:]))
    return Table("Differences on the same episodes", tuple(headers), right, tuple(map(tuple, rows)))


def _variances(report: Report) -> Table:
    """Shares of the variance of each mean; "classes" comes on top, for claims about new ones."""
    sources = [s for s in ("seeds", "episodes", "classes") if any(s in (t.variance or {}) for t in report.placed)]
    rows = []
    for placed in report.placed:
        if placed.variance:
            total = sum(placed.variance.values())
            cells = [f"{placed.variance[s] / total:.0%}" if total and s in placed.variance else NONE for s in sources]
            rows.append((placed.compared.name, *cells))
    return Table(
        "Uncertainty by source",
        ("algorithm", *sources),
        (False, *(True for _ in sources)),
        tuple(rows),
    )


def _better(pair: Pair, higher_is_better: bool) -> str:
    if not pair.told_apart:
        return "not told apart"
    ahead = (pair.comparison.difference.mean > 0) == higher_is_better
    return pair.comparison.a if ahead else pair.comparison.b


def _placed_json(placed: Placed) -> dict[str, Any]:
    who = placed.compared
    return {
        "name": who.name,
        "algorithm": who.record.algorithm.name,
        "origin": who.record.algorithm.origin,
        "options": who.record.algorithm.options,
        "recipe": who.record.recipe if who.trains else None,
        "budget": who.record.budget,
        "precision": who.record.precision,
        "mode": who.mode,
        "seeds": list(who.seeds),
        "checkpoints": who.checkpoints,
        **_interval_json(placed.plain, known=not (placed.errors and placed.errors.top.heavy)),
        "geometric_mean": _interval_json(placed.score) if placed.errors else None,
        "median": placed.errors.median if placed.errors else None,
        "top_share": placed.errors.top.share if placed.errors else None,
        "covers": placed.score_label,
        "rank": {"rank": placed.rank.rank, "best": placed.rank.best, "worst": placed.rank.worst},
        "variance_of_mean": placed.variance,
        "keys": [record.key for record in who.records],
    }


def _pair_json(pair: Pair) -> dict[str, Any]:
    return {
        "a": pair.comparison.a,
        "b": pair.comparison.b,
        **(NO_INTERVAL if pair.ratio else _interval_json(pair.comparison.difference)),
        "p": pair.comparison.difference.p,
        "p_holm": pair.comparison.p_holm,
        "told_apart": pair.told_apart,
        "new_classes": _interval_json(pair.new_classes) if pair.new_classes else None,
        "ratio": _interval_json(pair.ratio) if pair.ratio else None,
    }


def _interval_json(interval: Interval, known: bool = True) -> dict[str, Any]:
    """known : False for a mean that so few episodes carry that it has no honest interval"""
    how = {"se": interval.se, "df": interval.df, "interval": interval.method}
    return _ends(interval) | how if known else NO_INTERVAL | {"mean": interval.mean}


def _ends(interval: Interval) -> dict[str, Any]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}
