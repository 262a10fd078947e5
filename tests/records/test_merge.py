"""Several stores become one: nothing is lost, what disagrees is refused and told."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from bench.errors import StoreError, UsageError
from bench.records import Record, RunStore, rewrite
from bench.records.amend import replace_record
from bench.records.compact import identical
from bench.records.lease import lease
from bench.records.merge import merge
from bench.records.names import LEASE
from bench.records.scores import normal_scores
from tests.conftest import Cli
from tests.records.factory import accuracy_scores, make_record, store_run
from tests.records.test_compact import OLD_FORM

ALL = accuracy_scores(200)


def first(n: int) -> pd.DataFrame:
    return ALL.iloc[:n]


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return tmp_path / "a"


@pytest.fixture
def b(tmp_path: Path) -> Path:
    return tmp_path / "b"


def actions(*sources: Path, into: Path, dry_run: bool = False) -> list[str]:
    return [merged.outcome.action for merged in merge(sources, into, dry_run)]


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def verified(date: str, **more: object) -> Callable[[Record], Record]:
    entry = {"level": "spot", "passed": True, "date": date, **more}
    return lambda record: record.model_copy(update={"verification": [*record.verification, entry]})


def test_what_is_missing_is_copied_and_what_is_there_stays(a: Path, b: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        store_run(a, first(100), seed=seed)
    (tmp_path / "weights").write_bytes(b"w")
    weights = make_record(first(200), seed=2).model_copy(update={"checkpoint": None})
    RunStore(b).write(weights, first(200), pd.DataFrame({"step": [1], "loss": [0.5]}), {"steps": 1}, None)
    store_run(b, first(100), seed=1)
    before = tree(a)
    assert sorted(actions(b, into=a, dry_run=True)) == ["new", "same"] and tree(a) == before
    assert sorted(actions(b, into=a)) == ["new", "same"]
    assert sorted(actions(b, into=a)) == ["same", "same"]
    runs = list(RunStore(a).runs())
    assert [run.problem for run in runs] == [None] * 3
    assert sorted(len(RunStore(a).read_scores(run.path)) for run in runs) == [100, 100, 200]
    copied = RunStore(a).find("glyphs-5w1s", "protonet", weights.key)
    assert copied and (copied / "recipe.yaml").read_text() == "steps: 1\n" and (copied / "curve.parquet").exists()
    shutil.rmtree(b)
    assert len(RunStore(a).read_scores(copied)) == 200, "it needs nothing of where it came from"
    assert {name: tree(a)[name] for name in before if "classes-" not in name} == {
        name: content for name, content in before.items() if "classes-" not in name
    }


def test_ok_beats_failed_and_more_episodes_beat_fewer(a: Path, b: Path) -> None:
    pairs = [(None, first(100)), (first(50), first(100)), (first(100), first(50)), (first(100), None), (None, None)]
    for seed, (there, coming) in enumerate(pairs):
        for root, scores in ((a, there), (b, coming)):
            store_run(root, scores, seed=seed, key=f"{seed}")
    assert actions(b, into=a) == ["better", "better", "stays", "stays", "same"]
    runs = list(RunStore(a).runs())
    assert [run.record.episodes for run in runs if run.record] == [100, 100, 100, 100, 0]
    assert all(len(RunStore(a).read_scores(run.path)) == 100 for run in runs[:4])


def test_scores_that_differ_are_refused_and_the_rest_is_merged(a: Path, b: Path) -> None:
    bad = first(100).copy()
    bad.loc[[7, 9], ["score", "n_correct"]] = [0.0, 0]
    kept = store_run(a, first(100), key="1")
    store_run(b, bad, key="1")
    store_run(b, first(100), key="2")
    store_run(a, first(100), key="3")
    store_run(b, accuracy_scores(150, seed=3), key="3")
    before = tree(kept)
    found = {merged.run.path.name: merged.outcome for merged in merge([b], a)}
    assert {key: outcome.action for key, outcome in found.items()} == {"1": "differs", "2": "new", "3": "differs"}
    assert "2 of 100 episodes are otherwise, first episode 7: score 0.0, there 0." in found["1"].why
    assert tree(kept) == before and len(list(RunStore(a).runs())) == 3


def test_sources_are_taken_in_turn(a: Path, b: Path, tmp_path: Path) -> None:
    store_run(a, first(100), key="1")
    store_run(b, first(200), key="1")
    other = tmp_path / "c"
    store_run(other, accuracy_scores(200, seed=4), key="1")
    for dry_run in (True, False):
        assert actions(a, b, other, into=tmp_path / "all", dry_run=dry_run) == ["new", "better", "differs"]


def test_damaged_runs_are_told_and_replaced(a: Path, b: Path) -> None:
    broken, good = store_run(b, first(100), key="1"), store_run(b, first(100), key="2")
    shutil.copytree(b, a)
    (broken / "scores.parquet").write_bytes(b"PAR1")
    (a / good.relative_to(b) / "record.json").write_text("{")
    lost = store_run(b, first(50), key="3")
    (lost / "scores.parquet").unlink()
    found = [merged.outcome for merged in merge([b], a)]
    assert [outcome.action for outcome in found] == ["same", "better", "damaged"]
    assert "is damaged" in found[1].why and "is missing" in found[2].why
    assert [run.problem for run in RunStore(a).runs()] == [None, None]
    shutil.rmtree(a)
    assert actions(b, into=a) == ["damaged", "new", "damaged"]


def test_verifications_are_joined_by_date(a: Path, b: Path) -> None:
    ours, theirs = store_run(a, first(100)), store_run(b, first(100))
    for path, dates in ((ours, ("2026-01-01", "2026-01-04")), (theirs, ("2026-01-01", "2026-01-02"))):
        for date in dates:
            replace_record(path, verified(date))
    assert actions(b, into=a) == ["verified"] and actions(b, into=a) == ["same"]
    dates = [entry["date"] for entry in RunStore(a).read(ours).verification]
    assert dates == ["2026-01-01", "2026-01-02", "2026-01-04"]
    assert actions(a, into=b) == ["verified"] and RunStore(b).read(theirs) == RunStore(a).read(ours)


def test_a_longer_run_brings_the_weights_or_leaves_those_that_are_there(a: Path, b: Path, tmp_path: Path) -> None:
    from bench.records import Checkpoint
    from bench.records.files import file_sha256

    weights = tmp_path / "w"
    weights.write_bytes(b"weights")
    recorded = Checkpoint(sha256=file_sha256(weights), bytes=7)
    for root, n, file in ((a, 50, weights), (b, 100, None)):
        RunStore(root).write(make_record(first(n), checkpoint=recorded, key="1"), first(n), None, None, file)
    assert actions(b, into=a) == ["better"]
    (run,) = RunStore(a).runs()
    assert (run.path / "checkpoint.safetensors").read_bytes() == b"weights"
    (run.path / "checkpoint.safetensors").write_bytes(b"others!")
    assert actions(a, into=tmp_path / "c") == ["damaged"]


def test_a_run_that_somebody_works_on_is_left(a: Path, b: Path) -> None:
    path = store_run(a, None, key="1")
    store_run(b, first(20), key="1")
    with lease(path.with_name(LEASE + path.name)):
        assert actions(b, into=a) == ["busy"]
    assert actions(b, into=a) == ["better"]


def test_class_files_are_joined_even_where_every_run_is_there(a: Path, b: Path) -> None:
    path = store_run(a, first(100))
    shutil.copytree(a, b)
    (class_file,) = a.glob("*/classes-*")
    class_file.unlink()
    assert actions(b, into=a) == ["same"]
    assert identical(RunStore(a).read_scores(path), normal_scores(first(100)))


@pytest.mark.skipif(os.name == "nt", reason="no such permissions")
def test_a_target_that_can_not_be_written(a: Path, b: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_run(a, first(50), key="1")
    store_run(b, first(50), key="1")
    store_run(b, first(50), key="2")
    before, real = tree(a), os.open

    def read_only(path: object, flags: int, *args: object, **kwargs: object) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and str(path).startswith(str(a)):
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", read_only)
    outcomes = merge([b], a)
    assert next(outcomes).outcome.action == "same"
    with pytest.raises(StoreError, match="can't be written"):
        next(outcomes)
    assert tree(a) == before


def test_wrong_requests(a: Path, b: Path) -> None:
    store_run(a, first(20))
    with pytest.raises(UsageError, match="is the target itself"):
        list(merge([a], a / "." / "glyphs-5w1s" / ".."))
    with pytest.raises(UsageError, match="no directory"):
        list(merge([b], a))


def test_as_it_is_typed(cli: Cli, a: Path, b: Path) -> None:
    store_run(a, first(100), key="1")
    store_run(b, accuracy_scores(100, seed=9), key="1")
    store_run(b, first(100), key="2")
    dry = cli("merge", b, "--into", a, "--dry-run")
    assert dry.code == 3 and dry.out.splitlines()[-1].startswith("would be: 1 copied") and "1 refused" in dry.out
    done = cli("merge", b, "--into", a, "--json")
    assert [entry["action"] for entry in json.loads(done.out)] == ["differs", "new"]
    assert done.code == 3 and "1 run of other scores" in done.err and "Traceback" not in done.err
    assert len(list(RunStore(a).runs())) == 2


# --- a store of the old form ------------------------------------------------------------------------------------


def test_an_old_store_is_written_anew_with_the_same_numbers(cli: Cli, tmp_path: Path) -> None:
    root = Path(shutil.copytree(OLD_FORM, tmp_path / "runs"))
    (run,) = RunStore(root).runs()
    record, scores = (run.path / "record.json").read_bytes(), RunStore(root).read_scores(run.path)
    done = json.loads(cli("compact", root, "--json").out)
    assert done["after"] < done["before"] and done["runs"][0]["left"] == ""
    assert identical(RunStore(root).read_scores(run.path), scores) and (run.path / "record.json").read_bytes() == record
    assert b"bench.scores" in (run.path / "scores.parquet").read_bytes()
    again = tree(root)
    assert "0 runs of 1 written anew" in cli("compact", root).out and tree(root) == again


def test_packed_damaged_and_busy_runs_are_left_as_they_are(tmp_path: Path) -> None:
    root = Path(shutil.copytree(OLD_FORM, tmp_path / "runs"))
    (run,) = RunStore(root).runs()
    before = tree(root)
    with lease(run.path.with_name(LEASE + run.path.name)):
        assert "works on it" in next(rewrite.rewrite(root)).left
    (run.path / "bundle.json").write_text("{}")
    assert "bundle.json" in next(rewrite.rewrite(root)).left
    (run.path / "bundle.json").unlink()
    assert tree(root) == before
    (run.path / "scores.parquet").write_bytes(b"PAR1")
    assert "not a readable parquet file" in next(rewrite.rewrite(root)).left


def test_a_command_says_nothing_of_the_machine_it_came_from(tmp_path: Path) -> None:
    store_run(tmp_path / "here", accuracy_scores(20), command="bench run -a protonet -s glyphs-5w1s --runs /home/ada/x")
    (brought,) = merge([tmp_path / "here"], tmp_path / "there")
    (run,) = RunStore(tmp_path / "there").runs()
    assert brought.outcome.action == "new"
    assert run.record and run.record.command == "bench run -a protonet -s glyphs-5w1s"
    assert [again.outcome.action for again in merge([tmp_path / "here"], tmp_path / "there")] == ["same"]
