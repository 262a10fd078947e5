"""The class ids of a suite lie once in a store, as long as the longest run needs them; nothing depends on trust."""

from __future__ import annotations

import errno
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.errors import Mismatch, StoreError
from bench.records import RunStore, classes
from bench.records.classes import ClassIds, read_classes, share, share_files
from bench.records.compact import identical
from bench.records.scores import normal_scores
from tests.records.factory import accuracy_scores, store_run

MANIFEST = "a1" * 32
NAME = f"classes-{MANIFEST[:16]}.parquet"
ALL = accuracy_scores(300)


def first(n: int) -> pd.DataFrame:
    """Scores of the first n episodes of one manifest."""
    return ALL.iloc[:n]


def file(root: Path) -> Path:
    return root / "glyphs-5w1s" / NAME


def read(root: Path, path: Path) -> pd.DataFrame:
    return RunStore(root).read_scores(path)


def test_the_file_is_as_long_as_the_longest_run(tmp_path: Path) -> None:
    paths = {n: store_run(tmp_path, first(n), seed=n) for n in (100, 300, 50)}
    assert len(read_classes(file(tmp_path))) == 300
    for n, path in paths.items():
        assert identical(read(tmp_path, path), normal_scores(first(n)))
        assert (path / "scores.parquet").stat().st_size < 1_500
    assert [path.name for path in file(tmp_path).parent.iterdir() if path.is_file()] == [NAME]


def test_a_run_of_other_classes_keeps_its_own(tmp_path: Path) -> None:
    store_run(tmp_path, first(100))
    before = file(tmp_path).read_bytes()
    odd = store_run(tmp_path, accuracy_scores(200, seed=5), seed=1)
    assert file(tmp_path).read_bytes() == before
    file(tmp_path).unlink()
    assert identical(read(tmp_path, odd), normal_scores(accuracy_scores(200, seed=5)))


def test_a_manifest_that_can_name_no_file_is_not_shared(tmp_path: Path) -> None:
    path = store_run(tmp_path, first(50), suite__manifest_sha256="../../../up")
    assert identical(read(tmp_path, path), normal_scores(first(50)))
    assert [p.name for p in tmp_path.iterdir()] == ["glyphs-5w1s"] and not list(tmp_path.rglob("classes-*"))


@pytest.mark.parametrize("loss", ["missing", "damaged", "short"])
def test_a_lost_file_is_told_and_comes_back_with_any_run_that_has_it(tmp_path: Path, loss: str) -> None:
    path = store_run(tmp_path, first(200))
    if loss == "missing":
        file(tmp_path).unlink()
    elif loss == "damaged":
        content = bytearray(file(tmp_path).read_bytes())
        content[len(content) // 2] ^= 1
        file(tmp_path).write_bytes(content)
    else:
        file(tmp_path).unlink()
        store_run(tmp_path, first(50), seed=1)
    with pytest.raises(StoreError, match=f"leaves its class ids to {NAME} of its store, which") as caught:
        read(tmp_path, path)
    assert "bench merge" in caught.value.fix
    store_run(tmp_path, first(200), seed=2)
    assert identical(read(tmp_path, path), normal_scores(first(200)))


def test_an_edited_file_is_found_by_the_hash_of_the_scores(tmp_path: Path) -> None:
    path = store_run(tmp_path, first(100))
    file(tmp_path).unlink()
    store_run(tmp_path, accuracy_scores(100, seed=3), seed=1)
    with pytest.raises(Mismatch, match="not those the record was written with"):
        read(tmp_path, path)


def test_a_run_elsewhere_takes_the_file_of_the_store_it_is_read_through(tmp_path: Path) -> None:
    path = store_run(tmp_path / "runs", first(100))
    moved = Path(shutil.copytree(path, tmp_path / "other" / "glyphs-5w1s" / "protonet" / path.name))
    assert identical(RunStore(tmp_path / "runs").read_scores(moved), normal_scores(first(100)))
    with pytest.raises(StoreError, match="is not there"):
        RunStore(moved).read_scores(moved)
    shutil.copy(file(tmp_path / "runs"), tmp_path / "other" / "glyphs-5w1s")
    assert identical(RunStore(moved).read_scores(moved), normal_scores(first(100)))


def test_a_run_named_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store_run(tmp_path, first(60))
    monkeypatch.chdir(path)
    assert len(RunStore(Path("elsewhere")).read_scores(Path())) == 60
    monkeypatch.chdir(path.parent)
    assert len(RunStore(Path("elsewhere")).read_scores(Path(path.name))) == 60


def test_where_the_file_can_not_be_written_runs_keep_their_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(classes, "replace_file", refuse)
    path = store_run(tmp_path, first(100))
    assert not file(tmp_path).exists() and identical(read(tmp_path, path), normal_scores(first(100)))


def test_a_file_that_can_not_be_read_now_is_not_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = store_run(tmp_path, first(200)), Path.read_bytes
    before = file(tmp_path).read_bytes()

    def refuse(self: Path) -> bytes:
        if self.name == NAME:
            raise OSError(errno.EIO, "Input/output error")
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        classes._read.cache_clear()
        own = store_run(tmp_path, first(50), seed=1)
        assert identical(read(tmp_path, own), normal_scores(first(50)))
        with pytest.raises(StoreError, match="which can't be read"):
            read(tmp_path, path)
    assert file(tmp_path).read_bytes() == before and len(read(tmp_path, path)) == 200


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    everything = ClassIds.of(ALL["classes"])
    lengths = [*np.random.default_rng(0).permutation(np.arange(10, 300, 10)).tolist(), 300]
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda n: share(tmp_path, MANIFEST, everything.first(n)), lengths))
    assert set(names) == {NAME} and len(read_classes(tmp_path / NAME)) == 300
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_files_of_two_stores_join(tmp_path: Path) -> None:
    everything = ClassIds.of(ALL["classes"])
    for folder, known in {"a": everything.first(100), "b": everything, "c": ClassIds.of(ALL["classes"][::-1])}.items():
        (tmp_path / folder).mkdir()
        assert share(tmp_path / folder, MANIFEST, known) == NAME
    assert share_files(tmp_path / "b", tmp_path / "a") == [] and share_files(tmp_path / "a", tmp_path / "b") == []
    assert (tmp_path / "a" / NAME).read_bytes() == (tmp_path / "b" / NAME).read_bytes()
    assert share_files(tmp_path / "c", tmp_path / "a") == [NAME]
    assert read_classes(tmp_path / "a" / NAME).begins_with(everything)
