"""One number over several suites: only of accuracies, and only where enough learners stand on the same suites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.boards.board.domain_facts import AVERAGED_METRIC
from bench.boards.board.rows import SECTIONS, Board, Row
from bench.boards.render.formats import change_text, metric_header, score_text
from bench.boards.render.table import NONE, Table
from bench.boards.render.tables import algorithm_text, recipe_text
from bench.stats import mean_across_suites

FEWEST = 3  # learners besides references, and suites
ACROSS_NOTE = (
    "Accuracies with equal weights, over these suites and no others, where at least three learners besides references "
    "share at least three suites. They are the suites that give the table the most scores: who was measured decides, "
    "never how well. Every row has a rank on each of them, or stands alone in its section there. Intervals take suites "
    "for independent: each has trainings and episodes of its own."
)

_Setting = tuple[str, str, str]


def across_suites(boards: Sequence[Board]) -> tuple[Table, ...]:
    """A table for each section that has one.

    Its learners stand on all of its suites, so that their means are of the same. Checkpoints, bounds, older sources and
    rows that saw test classes have no part in it; nor have suites with other metrics, whose units and ranges differ.
    """
    counted = {board.suite: board for board in boards if board.metric and board.metric.name == AVERAGED_METRIC}
    tables = []
    for section in SECTIONS:
        stands: dict[_Setting, dict[str, Row]] = {}
        for suite, board in counted.items():
            for row in board.section(section):
                if row.ranked:
                    stands.setdefault(_setting(row), {})[suite] = row
        if suites := shared_suites([set(rows) for rows in stands.values() if not _is_reference(rows)]):
            shown = [rows for rows in stands.values() if suites <= rows.keys()]
            tables.append(_table(section, [counted[suite] for suite in sorted(suites)], shown))
    return tuple(tables)


def _setting(row: Row) -> _Setting:
    return algorithm_text(row), recipe_text(row), row.learner.origin


def _is_reference(rows: Mapping[str, Row]) -> bool:
    return any(row.family == "reference" for row in rows.values())


def shared_suites(stands: Sequence[Iterable[str]]) -> frozenset[str]:
    """The suites that give most scores: at least three, shared by at least three learners; none where there are none.

    stands : of each learner, the suites that it stands on

    >>> sorted(shared_suites(["abc", "abcd", "abcd", "a"])), sorted(shared_suites(["ab", "abc", "abc"]))
    (['a', 'b', 'c'], [])
    """
    sets = [frozenset(suites) for suites in stands]
    common: set[frozenset[str]] = set()  # everything that some of the learners have in common
    for suites in sets:
        common |= {suites, *(suites & other for other in common)}

    def scores(suites: frozenset[str]) -> tuple[int, int, list[str]]:
        learners = sum(suites <= other for other in sets)
        enough = len(suites) >= FEWEST and learners >= FEWEST
        return learners * len(suites) if enough else 0, len(suites), sorted(suites)

    best = max(common, key=scores, default=frozenset[str]())
    return best if scores(best)[0] else frozenset()


def _table(section: str, boards: Sequence[Board], shown: Sequence[Mapping[str, Row]]) -> Table:
    metric = boards[0].metric
    assert metric is not None  # it was counted
    reference = {board.reference for board in boards}
    names = [board.suite for board in boards]
    means = [(mean_across_suites([rows[name].score for name in names]), rows) for rows in shown]
    paired = len(reference) == 1 and all(
        rows[name].delta for rows in shown for name in names if not _is_reference(rows)
    )
    lines = []
    for mean, rows in sorted(means, key=lambda pair: (-pair[0].mean, _setting(pair[1][names[0]]))):
        first = rows[names[0]]
        deltas = [delta for name in names if (delta := rows[name].delta)]
        away = (
            [change_text(mean_across_suites(deltas), metric) if len(deltas) == len(names) else NONE] if paired else []
        )
        scores = [score_text(rows[name].score, metric.unit) for name in names]
        lines.append((algorithm_text(first), recipe_text(first), score_text(mean, metric.unit), *away, *scores))
    versus = [f"vs {next(iter(reference))}"] if paired else []
    headers = ("algorithm", "recipe", f"mean {metric_header(metric)}", *versus, *names)
    right = (False, False, *(True for _ in headers[2:]))
    return Table(f"Mean over {len(names)} suites, {section}", headers, right, tuple(lines))
