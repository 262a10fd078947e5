"""Episodes of a board with every row's score on each, and which of them are hardest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.boards import OFFICIAL_EPISODES, Board, Row
from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.loaded import Answers, Shelf, matrix, score_columns
from bench.boards.board.rows import MetricSpec
from bench.records import RunStore
from bench.records.store import StoredRun
from bench.site.rows import row_names

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

FIRST, HARDEST = 4, 20


@dataclass(frozen=True)
class Episode:
    """mean : over the rows; scores : of each row, the mean over its seeds; both in the unit that pages show"""

    number: int
    mean: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Episodes:
    """rows : their names; classes : int64 [episodes, way] as the records have them, None where they differ"""

    rows: tuple[str, ...]
    families: tuple[str, ...]
    first: tuple[Episode, ...]
    hardest: tuple[Episode, ...]
    classes: npt.NDArray[np.int64] | None


def episodes_of(board: Board, rows: Sequence[Row], runs: Mapping[str, tuple[RunStore, StoredRun]]) -> Episodes:
    """The first official episodes, and those with the worst mean score over the rows, worst first.

    runs : by key. The score of a row on an episode is the mean over its seeds.
    """
    assert board.metric is not None  # a board with rows has a ranked metric
    metric, shelf = board.metric, Shelf()
    answers = [[_answers(*runs[key], shelf) for key in row.keys] for row in rows]
    scores = unit_facts(metric.unit).scale * np.stack([matrix(found, metric.name).mean(0) for found in answers])
    means = scores.mean(0)
    order = np.argsort(means if metric.higher_is_better else -means, kind="stable")

    def episode(number: int) -> Episode:
        return Episode(number, float(means[number]), tuple(scores[:, number].tolist()))

    known = [found[0].read().classes for found in answers]
    same = known[0] is not None and all(other is not None and np.array_equal(known[0], other) for other in known)
    return Episodes(
        rows=tuple(row_names(rows)),
        families=tuple(row.family for row in rows),
        first=tuple(episode(number) for number in range(min(FIRST, len(means)))),
        hardest=tuple(episode(int(number)) for number in order[:HARDEST]),
        classes=known[0] if same else None,
    )


def episodes_frame(found: Episodes, metric: MetricSpec) -> pd.DataFrame:
    """The shown episodes, one row each, in the records' unit: episode, mean, then every row of the board."""
    import pandas as pd

    scale = unit_facts(metric.unit).scale
    shown = sorted({episode.number: episode for episode in (*found.first, *found.hardest)}.items())
    cells = [
        [number, *(round(score / scale, 6) for score in (episode.mean, *episode.scores))] for number, episode in shown
    ]
    return pd.DataFrame(cells, columns=["episode", "mean", *found.rows])


def _answers(store: RunStore, run: StoredRun, shelf: Shelf) -> Answers:
    assert run.record is not None  # it is on a board
    return Answers(store, run.path, run.record, OFFICIAL_EPISODES, shelf, score_columns(run.record))
