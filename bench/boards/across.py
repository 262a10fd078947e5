"""One number over several suites, for the learners that were measured on every one of them."""

from __future__ import annotations

from collections.abc import Sequence

from bench.boards.numbers import NONE, score_text
from bench.boards.rows import Board, Row
from bench.boards.tables import Table, algorithm_text
from bench.stats import Interval, mean_across_suites

_Identity = tuple[str, str, str, str]


def across_suites(boards: Sequence[Board]) -> Table | None:
    """Mean accuracy with equal weights; a row that lacks a suite has no mean. None with fewer than two such suites.

    Checkpoints, bounds and older sources have no part in it. Suites with other metrics are not averaged.
    """
    counted = [board for board in boards if board.metric and board.metric.name == "accuracy"]
    if len(counted) < 2:
        return None
    scores: dict[_Identity, list[Interval]] = {}
    for board in counted:
        once = {_identity(row): row.score for row in board.rows if row.ranked}
        for identity, score in once.items():
            scores.setdefault(identity, []).append(score)
    means = {who: mean_across_suites(found) for who, found in scores.items() if len(found) == len(counted)}
    order = sorted(scores, key=lambda who: (-means[who].mean if who in means else 0.0, -len(scores[who]), who))
    return Table(
        f"Mean over {len(counted)} suites",
        ("algorithm", "section", "recipe", "mean accuracy, %", "suites"),
        (False, False, False, True, True),
        tuple(
            (
                *who[:3],
                score_text(means[who], "fraction") if who in means else NONE,
                f"{len(scores[who])} of {len(counted)}",
            )
            for who in order
        ),
    )


def _identity(row: Row) -> _Identity:
    return algorithm_text(row), row.section, row.recipe if row.trains else "n/a", row.origin
