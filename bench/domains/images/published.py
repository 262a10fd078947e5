"""What the per-episode scores of a classifier can't be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def impossible(scores: pd.DataFrame, queries: int) -> Iterator[tuple[str, str]]:
    """Counts out of range, scores that do not follow from them, answers without numbers that are yet correct."""
    correct, score = scores["n_correct"].to_numpy(), scores["score"].to_numpy()
    for row in np.flatnonzero((correct < 0) | (correct > queries))[:1]:
        yield "n_correct", f"episode {row} has {correct[row]} correct of {queries} queries"
    different = np.flatnonzero(score != correct / queries)
    for row in different[:1]:
        yield (
            "score",
            f"episode {row} scores {score[row]:.6f}, its {correct[row]} correct of {queries} give "
            f"{correct[row] / queries:.6f} ({len(different)} such episodes)",
        )
    for row in np.flatnonzero(scores["floored"].to_numpy() & (correct != 0))[:1]:
        yield "floored", f"episode {row} is marked not finite, yet has {correct[row]} correct"
