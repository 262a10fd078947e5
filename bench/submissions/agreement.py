"""Do scores that were answered again agree with those that were published?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.errors import Mismatch
from bench.records import scores_sha256
from bench.submissions.entry import Entry
from bench.submissions.replay import Replay
from bench.submissions.report import Finding, mismatch, note, ok

# Other hardware or precision: a few episodes may differ by a few queries. bfloat16-like rounding changes 7 % of them.
SHARE_EQUAL, MOST_QUERIES = 0.9, 3
# Regression, relative to the score. Measured: 1e-5 between batches of 1 and of 500, ten compiled inner steps.
RTOL_SAME, RTOL_OTHER = 1e-4, 1e-2


def published_scores(entry: Entry) -> pd.DataFrame:
    """Raises Mismatch for scores that are not those of the record."""
    published, recorded = entry.scores(), entry.record.scores
    if recorded is None or scores_sha256(published) != recorded.sha256 or len(published) != entry.record.episodes:
        raise Mismatch(
            "scores.parquet is not what the record was written with.", "bench verify PATH names the changes."
        )
    return published


def differing(ready: Replay, claimed: pd.DataFrame, again: pd.DataFrame) -> np.ndarray:
    """Which episodes do not agree: bool [k]."""
    if "n_correct" in claimed.columns:
        different: np.ndarray = claimed["n_correct"].to_numpy() != again["n_correct"].to_numpy()
        return different
    a, b = claimed["score"].to_numpy(), again["score"].to_numpy()
    rtol = RTOL_SAME if ready.exact or ready.acts else RTOL_OTHER
    # Near 0 a relative difference says nothing: the typical score sets the scale there.
    far: np.ndarray = np.abs(a - b) > rtol * np.maximum(np.abs(a), np.median(np.abs(a)))
    return far


def verdict(level: str, ready: Replay, claimed: pd.DataFrame, again: pd.DataFrame, differ: np.ndarray) -> Finding:
    k = len(claimed)
    if not len(differ):
        return ok(level, f"all {k} episodes agree")
    counts = "n_correct" in claimed.columns
    column = "n_correct" if counts else "score"
    named = "; ".join(
        f"episode {claimed['episode'].iloc[i]}: submitted {claimed[column].iloc[i]:.6g}, "
        f"found {again[column].iloc[i]:.6g}"
        for i in differ[:3]
    )
    text = f"{len(differ)} of {k} episodes differ ({named})"
    if ready.exact or not (counts or ready.acts):
        return mismatch(level, text)
    tolerated = k - len(differ) >= SHARE_EQUAL * k
    if counts:
        tolerated &= int(np.abs(claimed["n_correct"] - again["n_correct"]).max()) <= MOST_QUERIES
    return note(level, f"{text}: within what other arithmetic explains") if tolerated else mismatch(level, text)
