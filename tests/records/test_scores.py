"""The hash of scores depends on the numbers and on nothing else."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.records import describe_scores, scores_sha256
from bench.records.parquet import parquet_bytes
from bench.records.scores import normal_scores
from tests.records.factory import accuracy_scores, regression_scores


def test_the_hash_is_frozen() -> None:
    scores = pd.DataFrame(
        {
            "episode": [0, 1],
            "score": [0.5, 0.25],
            "n_correct": [2, 1],
            "classes": [[3, 1], [0, 2]],
            "floored": [False, True],
        }
    )
    described = describe_scores(scores)
    assert described.columns == ["episode", "score", "n_correct", "classes", "floored"]
    assert (described.sha256, described.bytes) == (
        "f2d2c156136571b02008aa7f670604afdb9761eb02043cb33024baed30d76d4d",
        192,
    )


@pytest.mark.parametrize("scores", [accuracy_scores(64), regression_scores(64)])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_the_hash_survives_any_parquet_writer(scores: pd.DataFrame, compression: str) -> None:
    buffer = BytesIO()
    scores.to_parquet(buffer, compression=compression, row_group_size=7)
    buffer.seek(0)
    ours = pd.read_parquet(BytesIO(parquet_bytes(normal_scores(scores))))
    assert scores_sha256(pd.read_parquet(buffer)) == scores_sha256(ours) == scores_sha256(scores)


@settings(max_examples=50)
@given(st.lists(st.floats(allow_nan=False, width=64), min_size=2, max_size=20), st.data())
def test_any_change_of_any_score_changes_the_hash(values: list[float], data: st.DataObject) -> None:
    scores = pd.DataFrame({"episode": range(len(values)), "score": values})
    row = data.draw(st.integers(0, len(values) - 1))
    edited = scores.copy()
    edited.loc[row, "score"] = np.nextafter(edited.loc[row, "score"], 0.0) if values[row] else 1e-300
    assert scores_sha256(edited) != scores_sha256(scores)


def test_moving_a_class_to_the_next_episode_changes_the_hash() -> None:
    scores = pd.DataFrame({"episode": [0, 1], "score": [1.0, 1.0], "classes": [[1, 2], [3]]})
    moved = scores.assign(classes=[[1], [2, 3]])
    assert scores_sha256(scores) != scores_sha256(moved)


def test_narrower_types_are_widened_and_lossy_ones_refused() -> None:
    scores = pd.DataFrame({"episode": np.arange(3, dtype=np.int32), "score": np.float32([0.5, 0.25, 1.0])})
    assert normal_scores(scores).dtypes.astype(str).tolist() == ["int64", "float64"]
    with pytest.raises(ValueError, match="n_correct"):
        describe_scores(scores.assign(n_correct=[1.5, 2.0, 3.0]))
    with pytest.raises(ValueError, match="episode and score"):
        describe_scores(scores.drop(columns="score"))
