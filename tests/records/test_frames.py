from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.errors import Mismatch
from bench.records import load_results, load_scores
from tests.records.factory import accuracy_scores, regression_scores, store_run


def test_empty_stores_give_empty_frames_with_the_same_columns(tmp_path: Path) -> None:
    store_run(tmp_path / "full", accuracy_scores(20))
    for load in (load_results, load_scores):
        empty, full = load(tmp_path / "nothing"), load(tmp_path / "full")
        assert len(empty) == 0 and len(full) > 0
        pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


def test_one_row_per_run_and_metric(tmp_path: Path) -> None:
    store_run(tmp_path, accuracy_scores(20), seed=1)
    store_run(tmp_path, regression_scores(20))
    failed = store_run(tmp_path, None, seed=2)
    damaged = failed.with_name("beef")
    damaged.mkdir()
    frame = load_results(tmp_path)
    counts = frame.groupby("status").size().to_dict()
    assert counts == {"ok": 1 + 3, "failed": 1, "damaged": 1}
    row = frame[frame["status"] == "failed"].iloc[0]
    assert pd.isna(row["mean"]) and "wrong shape" in row["reason"] and row["seed"] == 2
    assert frame[frame["status"] == "damaged"].iloc[0]["path"] == str(damaged)
    assert set(frame.loc[frame["suite"] == "sinusoid-10s", "metric"]) == {"mse", "mse@step0", "mse@step1"}


def test_scores_are_long_and_named_as_the_record_names_them(tmp_path: Path) -> None:
    store_run(tmp_path, regression_scores(20))
    store_run(tmp_path, accuracy_scores(30), seed=3)
    frame = load_scores(tmp_path)
    assert frame.groupby("metric").size().to_dict() == {"accuracy": 30, "mse": 20, "mse@step0": 20, "mse@step1": 20}
    mse = frame[frame["metric"] == "mse"]
    assert mse["value"].tolist() == regression_scores(20)["score"].tolist()
    assert len(load_scores(tmp_path, suite="glyphs-5w1s", algo="protonet")) == 30
    assert len(load_scores(tmp_path, algo="maml")) == 0


def test_a_run_under_two_roots_counts_once(tmp_path: Path) -> None:
    for root in ("published", "local"):
        store_run(tmp_path / root, accuracy_scores(20))
    assert load_results(tmp_path / "published", tmp_path / "local")["path"].str.contains("published").tolist() == [True]


def test_tampered_scores_do_not_enter_a_frame(tmp_path: Path) -> None:
    path = store_run(tmp_path, accuracy_scores(20))
    accuracy_scores(20, seed=9).to_parquet(path / "scores.parquet")
    with pytest.raises(Mismatch):
        load_scores(tmp_path)


def test_roots_default_to_runs_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_run(tmp_path / "runs", accuracy_scores(20), algorithm__name="mine")
    monkeypatch.chdir(tmp_path)
    assert "mine" in set(load_results()["algorithm"])
