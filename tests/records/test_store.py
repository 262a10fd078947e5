"""The store keeps whole runs or nothing, whatever happens while it writes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.errors import BenchError, Mismatch, StoreError, UsageError
from bench.records import RunStore, describe_scores
from tests.records.factory import accuracy_scores, make_record, store_run


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def write(store: RunStore, n: int = 50, checkpoint: Path | None = None, **changes: Any) -> Path:
    scores = accuracy_scores(n)
    curve = pd.DataFrame({"step": [10, 20], "loss": [1.5, 1.1]})
    return store.write(make_record(scores, **changes), scores, curve, {"steps": 20, "lr": 1e-3}, checkpoint)


def test_round_trip(store: RunStore, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"w" * 1000)
    path = write(store, checkpoint=tmp_path / "weights")
    record = make_record(accuracy_scores(50))
    assert store.read(path) == record
    pd.testing.assert_frame_equal(store.read_scores(path), accuracy_scores(50), check_dtype=True)
    assert store.read_curve(path)["loss"].tolist() == [1.5, 1.1]
    assert (path / "recipe.yaml").read_text() == "lr: 0.001\nsteps: 20\n"
    assert (path / "checkpoint.safetensors").read_bytes() == b"w" * 1000
    assert path == store.find("glyphs-5w1s", "protonet", record.key) == store.root / "glyphs-5w1s/protonet" / record.key


def test_record_json_is_sorted_and_ends_lines_with_lf(store: RunStore) -> None:
    content = (write(store) / "record.json").read_bytes()
    assert b"\r" not in content and content.endswith(b"}\n")
    keys = list(json.loads(content))
    assert keys == sorted(keys) and "schema" in keys


def test_nobody_but_the_owner_decides_who_reads_a_run(store: RunStore) -> None:
    umask = os.umask(0o022)
    try:
        path = write(store)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o755
    assert (path / "record.json").stat().st_mode & 0o777 == 0o644


def test_writing_again_replaces_and_leaves_nothing_beside(store: RunStore) -> None:
    write(store, status="interrupted")
    path = write(store, n=80)
    assert store.read(path).episodes == 80
    assert list(path.parent.iterdir()) == [path]


def test_a_replacement_may_keep_the_checkpoint_of_the_run_it_replaces(store: RunStore, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"w")
    path = write(store, checkpoint=tmp_path / "weights")
    write(store, n=80, checkpoint=path / "checkpoint.safetensors")
    assert (path / "checkpoint.safetensors").read_bytes() == b"w"


def test_scores_that_the_record_does_not_describe_are_refused(store: RunStore) -> None:
    with pytest.raises(ValueError, match="describe_scores"):
        store.write(make_record(accuracy_scores(50)), accuracy_scores(51), None, None, None)
    assert not store.root.exists()


def test_a_number_that_is_not_finite_is_refused(store: RunStore) -> None:
    record = make_record(None, metrics=make_record(accuracy_scores(5)).metrics)
    broken = record.metrics[0].model_copy(update={"sd": float("nan")})
    with pytest.raises(StoreError, match=r"metrics\.0\.sd"):
        store.write(record.model_copy(update={"metrics": [broken]}), None, None, None, None)
    assert list(store.runs()) == []


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden"])
def test_names_can_not_leave_the_store(store: RunStore, name: str) -> None:
    with pytest.raises(UsageError, match="directory"):
        store.find("glyphs-5w1s", name, "00")


# --- interrupted, full, read-only ------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone: nothing it would still have done happens."""


def steps_of(write_run: Callable[[], object], monkeypatch: pytest.MonkeyPatch, stop: int | None) -> int:
    """Run `write_run` counting file-system effects; from the `stop`-th on, every effect raises Killed."""
    count = 0
    with monkeypatch.context() as patch:

        def guard(owner: Any, name: str) -> None:
            real = getattr(owner, name)

            def effect(*args: Any, **kwargs: Any) -> Any:
                nonlocal count
                count += 1
                if stop is not None and count >= stop:
                    raise Killed
                return real(*args, **kwargs)

            patch.setattr(owner, name, effect)

        for owner, name in [
            (Path, "mkdir"), (Path, "replace"), (Path, "open"), (os, "fsync"), (shutil, "rmtree"), (os, "rmdir"),
        ]:  # fmt: skip
            guard(owner, name)
        with contextlib.suppress(Killed):
            write_run()
    return count


def test_killed_at_any_step_the_old_or_the_new_run_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = steps_of(lambda: write(prepared(tmp_path / "all"), n=80), monkeypatch, None)
    assert total > 12
    seen = set()
    for stop in range(1, total + 1):
        store = prepared(tmp_path / str(stop))
        steps_of(lambda store=store: write(store, n=80), monkeypatch, stop)
        (run,) = RunStore(store.root).runs()
        assert run.problem is None
        episodes = store.read(run.path).episodes
        assert len(store.read_scores(run.path)) == episodes
        seen.add(episodes)
        assert write(store, n=90) == run.path, "and the next write works"
        assert store.read(run.path).episodes == 90
    assert seen == {50, 80}


def prepared(root: Path) -> RunStore:
    store = RunStore(root)
    write(store, n=50)
    return store


def test_killed_before_a_first_run_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total = steps_of(lambda: write(RunStore(tmp_path / "all")), monkeypatch, None)
    for stop in range(1, total + 1):
        store = RunStore(tmp_path / str(stop))
        steps_of(lambda store=store: write(store), monkeypatch, stop)
        assert all(run.problem is None for run in store.runs())


@pytest.mark.parametrize(
    ("code", "says"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "can't be written"), (errno.EIO, "refused")]
)
def test_a_disk_that_fails_at_any_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str
) -> None:
    effects = [(Path, "mkdir"), (Path, "open"), (os, "fsync"), (Path, "replace")]
    for number, (owner, name) in enumerate(effects):
        store = prepared(tmp_path / str(number))

        def refuse(*args: Any, **kwargs: Any) -> Any:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, refuse)
            with pytest.raises(StoreError, match=says) as caught:
                write(store, n=80)
        assert "--runs" in str(caught.value)
        (run,) = store.runs()
        assert store.read(run.path).episodes == 50
        assert list(run.path.parent.glob(".tmp-*")) == []


def test_a_publish_that_fails_halfway_puts_the_old_run_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = prepared(tmp_path)
    real, calls = Path.replace, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "no space")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", second_fails)
    with pytest.raises(StoreError):
        write(store, n=80)
    (run,) = store.runs()
    assert store.read(run.path).episodes == 50


def test_old_leftovers_are_cleaned_and_young_ones_left_to_their_writers(store: RunStore) -> None:
    path = write(store)
    old, young = path.with_name(".tmp-old-1"), path.with_name(".tmp-young-1")
    for leftover in (old, young):
        shutil.copytree(path, leftover)
    os.utime(old, (time.time() - 7200,) * 2)
    assert [run.path for run in store.runs()] == [path]
    write(store, n=60)
    assert not old.exists() and young.exists()


def test_two_writers_of_one_run_both_succeed(store: RunStore) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: write(store, n=n), range(50, 66)))
    (run,) = store.runs()
    assert len(store.read_scores(run.path)) == store.read(run.path).episodes


def test_readers_never_see_an_empty_store_while_a_run_is_replaced(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    path = write(store)
    stop, problems, reads = threading.Event(), list[str](), Counter[str]()

    def listing() -> None:
        while not stop.is_set():
            runs = list(store.runs())
            reads["list"] += 1
            problems.extend(run.problem for run in runs if run.problem)
            if len(runs) != 1:
                problems.append(f"{len(runs)} runs")

    def finding() -> None:
        while not stop.is_set():
            found = store.find(*path.parts[-3:])
            reads["find"] += 1
            if found is None:
                problems.append("not found")
            else:
                store.read(found)

    threads = [threading.Thread(target=work) for work in (listing, listing, finding, finding)]
    [thread.start() for thread in threads]
    for n in range(60, 120):
        write(store, n=n)
    stop.set()
    [thread.join() for thread in threads]
    assert problems == [] and min(reads.values()) > 10
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


# --- damage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text[: len(text) // 2], "not valid JSON"),
        (lambda text: "", "not valid JSON"),
        (lambda text: text.replace('"seed": 0', '"seed": "zero"'), "field seed"),
        (lambda text: text.replace('"n": 50', '"n": 50, "extra": 1'), "field metrics.0.extra"),
        (lambda text: text.replace("bench.record/1", "bench.record/9"), "field schema"),
        (lambda text: text.replace('"seed": 0', '"seed": 0, "seed": 1'), "seed is there twice"),
        (lambda text: text.replace('"floored": 0', '"floored": NaN'), "NaN is not a JSON number"),
        (lambda text: text.replace('"name": "protonet"', '"name": "maml"'), "belongs at glyphs-5w1s/maml"),
    ],
)
def test_a_damaged_record_is_listed_with_its_problem(store: RunStore, damage: Callable[[str], str], says: str) -> None:
    path = write(store)
    text = (path / "record.json").read_text()
    assert damage(text) != text
    (path / "record.json").write_text(damage(text))
    (run,) = store.runs()
    assert run.record is None and says in str(run.problem) and str(path) in str(run.problem)


def test_half_written_directories_are_problems_not_exceptions(store: RunStore) -> None:
    good = write(store)
    empty = good.with_name("0000")
    empty.mkdir()
    copied = write(store, seed=1)
    (copied / "scores.parquet").unlink()
    (store.root / "glyphs-5w1s" / "README.md").write_text("not a run")
    problems = {run.path: run.problem for run in store.runs()}
    assert problems.keys() == {good, empty, copied}
    assert problems[good] is None and "half-written" in str(problems[empty]) and "scores" in str(problems[copied])
    assert store.find("glyphs-5w1s", "protonet", "0000") is None


def test_tampered_scores_are_a_mismatch(store: RunStore) -> None:
    path = write(store)
    edited = accuracy_scores(50)
    edited.loc[7, "score"] += 1 / 75
    edited.to_parquet(path / "scores.parquet")
    with pytest.raises(Mismatch, match="expected sha256"):
        store.read_scores(path)


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (lambda s: s.assign(score=np.where(s.episode == 3, np.nan, s.score)), "score of episode 3 is not a finite"),
        (lambda s: s.assign(episode=np.where(s.episode == 3, 2, s.episode)), "episode 2 is there twice"),
        (lambda s: s.iloc[::-1].reset_index(drop=True), "in order"),
        (lambda s: s.assign(episode=s.episode + 1), "prefix"),
        (lambda s: s.iloc[:40], "expected 50 episodes"),
    ],
)
def test_scores_edited_together_with_their_hash_are_a_mismatch(
    store: RunStore, tamper: Callable[[pd.DataFrame], pd.DataFrame], says: str
) -> None:
    path = write(store)
    edited = tamper(accuracy_scores(50))
    edited.to_parquet(path / "scores.parquet")
    record = store.read(path).model_copy(update={"scores": describe_scores(edited)})
    with pytest.raises(Mismatch, match=says):
        store.read_scores(path, record)


def test_a_truncated_parquet_file_is_a_store_error(store: RunStore) -> None:
    path = write(store)
    content = (path / "scores.parquet").read_bytes()
    (path / "scores.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match="not a readable parquet file"):
        store.read_scores(path)


# --- finding ---------------------------------------------------------------------------------------------------


def test_resolve_by_path_key_and_unique_prefix(store: RunStore) -> None:
    first = write(store, key="aa11")
    second = write(store, key="aa22", seed=1)
    assert store.resolve(str(first)) == store.resolve(str(first / "record.json")) == first
    assert store.resolve("aa11") == store.resolve("aa1") == first
    assert store.resolve("aa2") == second
    with pytest.raises(UsageError, match="begins the keys of 2 runs"):
        store.resolve("aa")
    with pytest.raises(BenchError, match=r"Unknown run 'aa12'.*Did you mean"):
        store.resolve("aa12")
    with pytest.raises(BenchError, match="Unknown run ''"):
        store.resolve("")


def test_a_key_that_begins_another_is_still_found(store: RunStore) -> None:
    short = write(store, key="aa")
    write(store, key="aa22", seed=1)
    assert store.resolve("aa") == short


def test_runs_can_be_limited_to_a_suite_and_an_algorithm(store: RunStore) -> None:
    store_run(store.root, accuracy_scores(20))
    maml = store_run(store.root, accuracy_scores(20), algorithm__name="maml")
    assert [run.path for run in store.runs(algo="maml")] == [maml]
    assert len(list(store.runs(suite="glyphs-5w1s"))) == 2
    assert list(store.runs(suite="other")) == []
