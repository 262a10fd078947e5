"""A scores file leaves out what follows from something else, and gives back every bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import StoreError
from bench.records import RunStore, scores_sha256
from bench.records.classes import ClassIds
from bench.records.compact import identical, read_scores_file, scores_bytes
from bench.records.parquet import table_bytes
from bench.records.scores import normal_scores
from tests.records.factory import accuracy_scores, make_record, regression_scores, store_run

OLD_FORM = Path(__file__).parent / "old_form"
NONE = ClassIds.of([])


def read(content: bytes, classes: ClassIds = NONE) -> pd.DataFrame:
    return read_scores_file(Path("scores.parquet"), lambda name, n: classes.first(n), content)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Scores of every kind: counts and what follows from them, integers, single and double floats, odd bits."""
    n = draw(st.integers(0, 30))

    def column(values: st.SearchStrategy[Any], dtype: str) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=dtype)

    odd = st.sampled_from([0.0, -0.0, 5e-324, 1e308, 2.0**31, -(2.0**31), float(2**53)])
    floats = st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.floats(width=32, allow_nan=False), st.integers(-9, 9), odd
    )
    columns = {"episode": column(st.integers(0, 50), "i8") if draw(st.booleans()) else np.arange(n)}
    columns["score"] = column(floats, "f8")
    if draw(st.booleans()):
        columns["n_correct"] = column(st.integers(-5, 75), "i4")
        if draw(st.booleans()):
            columns["score"] = columns["n_correct"] / draw(st.integers(1, 300))
    columns["mse"] = columns["score"].copy() if draw(st.booleans()) else column(floats, "f8")
    columns["floored"] = column(st.booleans(), "?") if draw(st.booleans()) else np.zeros(n, dtype=bool)
    if draw(st.booleans()):
        rows = draw(st.lists(st.lists(st.integers(0, 2000), max_size=6), min_size=n, max_size=n))
        columns["classes"] = pd.Series([np.array(row, dtype="i4") for row in rows], dtype=object)
    names = draw(st.permutations(list(columns)))
    return normal_scores(pd.DataFrame({name: columns[name] for name in names}))


@settings(max_examples=40, deadline=None)
@given(frames())
def test_every_bit_comes_back(scores: pd.DataFrame) -> None:
    for classes in (None, "classes-0123456789abcdef.parquet") if "classes" in scores else (None,):
        found = read(scores_bytes(scores, classes), ClassIds.of(scores["classes"]) if classes else NONE)
        assert identical(found, scores) and scores_sha256(found) == scores_sha256(scores)
        assert found.dtypes.tolist() == scores.dtypes.tolist() and found.index.equals(scores.index)


def test_identical_means_every_bit() -> None:
    scores = normal_scores(accuracy_scores(5).assign(mse=0.0))
    assert identical(scores, scores.copy())
    others = [
        scores.assign(mse=-0.0),
        scores.assign(mse=np.float32(0.0)),
        scores.assign(score=np.nextafter(scores["score"], 0.0)),
        scores.assign(classes=scores["classes"].tolist()[::-1]),
        scores.drop(columns="mse"),
        scores[scores.columns[::-1]],
        scores.iloc[:-1],
    ]
    assert not any(identical(scores, other) for other in others)


def test_what_is_read_may_be_changed_without_effect_on_anything_else(tmp_path: Path) -> None:
    path = store_run(tmp_path, accuracy_scores(30))
    frame = RunStore(tmp_path).read_scores(path)
    frame.loc[0, "score"] = 2.0
    with pytest.raises(ValueError, match="read-only"):
        frame["classes"][0][0] = 7  # shared by every run of the suite
    assert identical(RunStore(tmp_path).read_scores(path), normal_scores(accuracy_scores(30)))


def test_small_records_are_small(tmp_path: Path) -> None:
    """Real floats can't be: 53 bits of each are noise."""
    images, functions = store_run(tmp_path, accuracy_scores()), store_run(tmp_path, regression_scores())
    assert (images / "scores.parquet").stat().st_size < 2_500
    assert sum(file.stat().st_size for file in images.iterdir()) < 10_000
    assert (functions / "scores.parquet").stat().st_size < 3 * 15_000
    twice = regression_scores().assign(again=lambda scores: scores["score"])
    assert len(scores_bytes(normal_scores(twice))) - (functions / "scores.parquet").stat().st_size < 200


def test_a_record_of_the_old_form_is_read() -> None:
    (run,) = RunStore(OLD_FORM).runs()
    assert run.problem is None and b"bench.scores" not in (run.path / "scores.parquet").read_bytes()
    scores = RunStore(OLD_FORM).read_scores(run.path)
    assert identical(scores, normal_scores(accuracy_scores(20)))
    assert RunStore(OLD_FORM).read_curve(run.path)["loss"].tolist() == [1.5, 1.1]


@pytest.mark.parametrize(
    "rules",
    [
        "not json",
        "[]",
        '{"score":["stored"],"score":["stored"]}',
        '{"score":["pickle"]}',
        '{"score":"stored"}',
        '{"other":["stored"]}',
        '{"score":["ratio"]}',
        '{"score":["ratio","n_correct",0]}',
        '{"score":["ratio","n_correct","x"]}',
        '{"score":["same","score"]}',
        '{"classes":["classes","../../etc/passwd"]}',
        json.dumps({f"m{i}": ["row"] for i in range(1_000)}),
        "[" * 100_000,
    ],
)
def test_files_that_say_nonsense_are_damaged(rules: str, tmp_path: Path) -> None:
    counts = pa.array(np.array([1, 2], dtype="i4"))
    table = pa.table({"score": pa.array([0.5, 0.25]), "n_correct": counts}).replace_schema_metadata(
        {b"bench.scores": rules.encode()}
    )
    path = tmp_path / "suite" / "algo" / "key" / "scores.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(table_bytes(table, ()))
    with pytest.raises(StoreError, match=r"scores\.parquet"):
        read_scores_file(path, RunStore(tmp_path).class_ids(path.parent))
    with pytest.raises(StoreError, match=r"scores\.parquet"):
        read_scores_file(path)


def test_half_a_file_is_damaged(tmp_path: Path) -> None:
    content = scores_bytes(normal_scores(accuracy_scores(50)))
    for size in (0, 3, len(content) // 2, len(content) - 1):
        with pytest.raises(StoreError, match="not a readable parquet file"):
            read(content[:size])
    assert make_record(accuracy_scores(50)).scores is not None


def test_published_records_are_of_the_small_form() -> None:
    root = Path(__file__).parents[2] / "leaderboards" / "results"
    scores = list(root.glob("*/*/*/scores.parquet"))
    assert scores
    for path in (path for path in scores if not (path.parent / "bundle.json").exists()):
        assert b"bench.scores" in path.read_bytes(), path
        if path.parts[-4].startswith(("omniglot", "cifarfs", "miniimagenet")):
            rest = [file for file in path.parent.iterdir() if file.suffix != ".safetensors"]
            assert sum(file.stat().st_size for file in rest) < 10_000, path
