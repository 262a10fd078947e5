"""A results directory that can't be written, is full or holds half a run: a message, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import StoreError
from bench.learners import weights
from bench.records import RunStore, files
from bench.runs import train
from tests.conftest import Cli
from tests.runs.conftest import Workshop


def _refusing(number: int):
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_directory_that_cannot_be_made_shows_before_the_work(
    workshop: Workshop, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = workshop.folder / "runs"
    in_the_way.write_text("a file, not a directory")
    monkeypatch.setattr(train, "meta_train", None)  # would raise if training began
    done = cli("run", "--algo", workshop.algo("Dropped"), "--suite", "glyphs-5w1s", "--runs", in_the_way)
    assert done.code == 1 and "Traceback" not in done.err
    assert "The run was not stored" in done.err and "--runs DIR" in done.err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 64 KiB; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    made = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_read_only_file_system(workshop: Workshop, cli: Cli, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = cli("run", "--algo", "chance", "--suite", "sinusoid-10s", "--budget", "smoke", "--runs", small_disk / "r")
    assert done.code == 1 and "the directory can't be written" in done.err and "Traceback" not in done.err


def test_a_full_file_system(workshop: Workshop, cli: Cli, small_disk: Path) -> None:
    command = ("run", "--algo", workshop.algo("Dropped"), "--suite", "glyphs-5w1s", "--budget", "smoke")
    done = cli(*command, "--set", "width=64", "--runs", small_disk / "r")  # 200 KB of weights
    assert done.code == 1 and "Traceback" not in done.err and "--runs DIR" in done.err
    assert not list((small_disk / "r").rglob("record.json"))
    assert not list((small_disk / "r").rglob(".*.part"))


@pytest.mark.parametrize(
    ("number", "why"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the directory can't be written")]
)
@pytest.mark.parametrize("moment", ["state", "record"])
def test_a_disk_that_refuses_midway_loses_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, number: int, why: str, moment: str
) -> None:
    kept = workshop.run("Dropped", "glyphs-5w1s", seed=1)
    with monkeypatch.context() as broken:
        if moment == "state":
            broken.setattr(weights, "save_file", _refusing(number))
        else:
            broken.setattr(files, "write_file", _refusing(number))
            broken.setattr("bench.records.store.write_file", _refusing(number))
        with pytest.raises(StoreError, match=why):
            workshop.run("Dropped", "glyphs-5w1s")
        with pytest.raises(StoreError, match=why):
            workshop.run("Dropped", "glyphs-5w1s", seed=1, force=True)
    assert RunStore(workshop.folder / "runs").read(kept.path) == kept.record
    assert len(workshop.scores(kept)) == 100
    assert workshop.run("Dropped", "glyphs-5w1s").record.status == "ok"


def test_a_half_written_run_is_run_again(workshop: Workshop) -> None:
    whole = workshop.run("chance", "sinusoid-10s")
    (whole.path / "record.json").unlink()
    again = workshop.run("chance", "sinusoid-10s")
    assert not again.cached and again.record.scores == whole.record.scores
    assert RunStore(workshop.folder / "runs").read(again.path) == again.record


def test_a_damaged_record_is_named_and_force_replaces_it(workshop: Workshop, cli: Cli) -> None:
    path = workshop.run("chance", "sinusoid-10s").path
    fields = json.loads((path / "record.json").read_text())
    (path / "record.json").write_text(json.dumps(fields | {"status": "splendid"}))
    command = ("run", "--algo", "chance", "--suite", "sinusoid-10s", "--budget", "smoke", "--device", "cpu")
    done = cli(*command, "--runs", workshop.folder / "runs")
    assert done.code == 1 and "record.json: field status" in done.err and "Traceback" not in done.err
    assert cli(*command, "--runs", workshop.folder / "runs", "--force").code == 0


def test_altered_scores_stop_a_longer_request(workshop: Workshop, cli: Cli) -> None:
    path = workshop.run("chance", "sinusoid-10s").path
    other = workshop.run("chance", "sinusoid-20s").path
    shutil.copy(other / "scores.parquet", path / "scores.parquet")
    before = (path / "record.json").read_bytes()
    command = ("run", "--algo", "chance", "--suite", "sinusoid-10s", "--budget", "smoke", "--device", "cpu")
    done = cli(*command, "--runs", workshop.folder / "runs", "--episodes", "200")
    assert done.code == 3 and "not those the record was written with" in done.err
    assert (path / "record.json").read_bytes() == before
