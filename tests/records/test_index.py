"""The index is a memory: whatever happens to the files, what is read with it is what is read without it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench import remembered
from bench.records import Record, RunStore, index, load_results, unchanged
from bench.records.files import RECORD, record_bytes
from bench.records.index import Index
from bench.records.store import SCORES
from tests.records.factory import accuracy_scores, make_record, regression_scores, store_run


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index is written for a single record, and files count as settled at once."""
    monkeypatch.setattr(index, "WORTH_WRITING", 1)
    monkeypatch.setattr(unchanged, "_GRAIN_NS", 0)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "memory"))
    return tmp_path / "memory"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The record.json that are read, as they are."""
    read: list[Path] = []
    original = RunStore.read

    def noted(self: RunStore, path: Path) -> Record:
        read.append(path)
        return original(self, path)

    monkeypatch.setattr(RunStore, "read", noted)
    return read


def unremembered(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[pd.DataFrame, list[Any]]:
    with monkeypatch.context() as without:
        without.setenv("BENCH_CACHE", "off")
        return load_results(root), list(RunStore(root).runs())


def some_runs(root: Path) -> None:
    for seed in range(3):
        store_run(root, accuracy_scores(20, seed=seed), seed=seed)
        store_run(root, regression_scores(20, seed=seed), seed=seed, algorithm__name="maml")
    store_run(root, None, seed=7)


def test_what_is_read_with_an_index_is_what_is_read_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seeded random sequence of everything that can happen to a store, looked at after each step."""
    root, rng = tmp_path / "runs", np.random.default_rng(0)
    some_runs(root)
    happened: dict[str, int] = {}
    for step in range(60):
        happening = CHANGES[rng.integers(len(CHANGES))]
        folders = sorted(path.parent for path in root.glob(f"*/*/*/{RECORD}"))
        happening(root, folders[rng.integers(len(folders))] if folders else root, step)
        happened[happening.__name__] = happened.get(happening.__name__, 0) + 1
        frame, runs = unremembered(root, monkeypatch)
        pd.testing.assert_frame_equal(load_results(root), frame)
        assert list(RunStore(root).runs()) == runs
        if step % 3 == 0:
            suite = "glyphs-5w1s"
            assert list(RunStore(root).runs(suite)) == [run for run in runs if run.place[0] == suite]
    assert len(happened) == len(CHANGES)


def new_run(root: Path, folder: Path, step: int) -> None:
    store_run(root, accuracy_scores(20, seed=step), seed=100 + step)


def same_run_again(root: Path, folder: Path, step: int) -> None:
    store_run(root, accuracy_scores(20, seed=step), seed=1)


def deleted(root: Path, folder: Path, step: int) -> None:
    if folder != root:
        shutil.rmtree(folder)


def damaged(root: Path, folder: Path, step: int) -> None:
    if folder != root:
        (folder / RECORD).write_bytes((folder / RECORD).read_bytes()[:-20])


def edited_in_place(root: Path, folder: Path, step: int) -> None:
    if folder != root:
        text = (folder / RECORD).read_bytes()
        (folder / RECORD).write_bytes(text.replace(b'"os": "Linux"', b'"os": "%05d"' % step))


def scores_lost(root: Path, folder: Path, step: int) -> None:
    (folder / SCORES).unlink(missing_ok=True)


def misplaced(root: Path, folder: Path, step: int) -> None:
    if folder != root:
        folder.rename(folder.with_name(f"elsewhere{step}"))


def aside(root: Path, folder: Path, step: int) -> None:
    """As a writer leaves it that dies between two renames."""
    if folder != root:
        folder.rename(folder.with_name(f".old-{folder.name}~0a1b2c3d"))


CHANGES: list[Callable[[Path, Path, int], None]] = [
    new_run, same_run_again, deleted, damaged, edited_in_place, scores_lost, misplaced, aside
]  # fmt: skip


def test_records_are_read_once(tmp_path: Path, parsed: list[Path]) -> None:
    some_runs(tmp_path / "runs")
    load_results(tmp_path / "runs")
    assert len(parsed) == 7
    parsed.clear()
    load_results(tmp_path / "runs")
    list(RunStore(tmp_path / "runs").runs())
    assert parsed == []
    changed = store_run(tmp_path / "runs", accuracy_scores(20, seed=9), seed=1)
    list(RunStore(tmp_path / "runs").runs())
    assert parsed == [changed]


def test_listing_part_of_a_store_forgets_nothing_of_the_rest(tmp_path: Path, parsed: list[Path]) -> None:
    some_runs(tmp_path)
    load_results(tmp_path)
    store_run(tmp_path, accuracy_scores(20, seed=5), seed=50)
    list(RunStore(tmp_path).runs("glyphs-5w1s"))
    parsed.clear()
    load_results(tmp_path)
    assert parsed == []


def test_a_record_that_was_just_written_is_not_remembered(
    tmp_path: Path, parsed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place, with the same size and within the times' granularity, another writing would not show."""
    monkeypatch.setattr(unchanged, "_GRAIN_NS", 3600 * 10**9)
    run = store_run(tmp_path, accuracy_scores(20))
    for system in ("Linux", "Plan9"):
        (run / RECORD).write_bytes(record_bytes(make_record(accuracy_scores(20), environment__os=system)))
        (found,) = RunStore(tmp_path).runs()
        assert found.record and found.record.environment.os == system
        assert not Index(tmp_path).holds("/".join(found.place))
    assert len(parsed) == 2


@pytest.mark.parametrize("harm", ["cut", "altered", "empty", "foreign", "folder"])
def test_a_damaged_or_foreign_index_is_made_anew(
    tmp_path: Path, memory: Path, parsed: list[Path], harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    some_runs(root)
    expected = load_results(root)
    (file,) = (memory / "index").iterdir()
    content = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif harm == "altered":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "foreign":
        monkeypatch.setattr(index, "_version", lambda: "another bench")
    else:
        file.unlink()
        file.mkdir()
    parsed.clear()
    pd.testing.assert_frame_equal(load_results(root), expected)
    assert len(parsed) == 7
    parsed.clear()
    load_results(root)
    assert len(parsed) == (7 if harm == "folder" else 0)


def test_a_copied_or_restored_store_is_read_anew(tmp_path: Path, parsed: list[Path]) -> None:
    root = tmp_path / "runs"
    some_runs(root)
    load_results(root)
    shutil.copytree(root, tmp_path / "copy")
    shutil.rmtree(root)
    (tmp_path / "copy").rename(root)  # same names, sizes and times of the content
    parsed.clear()
    load_results(root)
    assert len(parsed) == 7


def test_nothing_is_written_into_a_store_or_where_it_can_t_be(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    some_runs(root)
    before = sorted(root.rglob("*"))
    expected = load_results(root)
    assert sorted(root.rglob("*")) == before and any(memory.iterdir())
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    monkeypatch.setenv("BENCH_CACHE", str(blocked))
    pd.testing.assert_frame_equal(load_results(root), expected)


def test_few_records_make_no_index(tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "WORTH_WRITING", 50)
    some_runs(tmp_path / "runs")
    load_results(tmp_path / "runs")
    assert not memory.exists()


def test_a_record_comes_back_from_the_index_as_it_is(tmp_path: Path) -> None:
    odd = {"a": 1e-320, "b": -0.0, "c": 2**62, "d": "äß\u2028\\", "e": [1, 1.0, None, True], "f": {}}
    store_run(tmp_path, accuracy_scores(20), algorithm__options=odd, timing__train_s=0.1 + 0.2, seed=None)
    (expected,) = RunStore(tmp_path).runs()
    (found,) = RunStore(tmp_path).runs()
    assert found == expected and found.record and expected.record
    assert repr(found.record) == repr(expected.record)
    assert Index(tmp_path).holds("/".join(found.place))


def test_only_the_newest_memories_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_KEPT", 3)
    for i in range(6):
        remembered.remember(tmp_path / "memory" / f"{i}", "v", b"content")
        os.utime(tmp_path / "memory" / f"{i}", (i, i))
    left = {path.name for path in (tmp_path / "memory").iterdir()}
    assert "5" in left and len(left) == 3
    assert remembered.recall(tmp_path / "memory" / "5", "v") == b"content"
    assert remembered.recall(tmp_path / "memory" / "5", "w") is None
