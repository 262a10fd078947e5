"""Disks that are full or read-only: a small file system of its own, which needs the right to mount.

The runs are made in this process, where one costs less than a second: there is one for every page and every file.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from bench.errors import StoreError
from bench.records import Record, RunStore
from bench.runs.job import Settings
from bench.runs.many import run_all
from tests.faults.trial import Row, Tally, Trial
from tests.inprocess import resolve_here, run_here

_PAGE = 4096
_ROOMY = "size=4m,nr_inodes=1000"


class NotAllowed(Exception):
    """A scenario that this machine does not permit; says why."""


def full(trial: Trial, times: int, draw: random.Random) -> Row:
    """No room behind every page that a run writes, until it fits."""
    tally = Tally()
    _until_it_fits(
        trial, tally, lambda disk, more: f"size={(disk.f_blocks - disk.f_bfree) * disk.f_frsize + more * _PAGE}"
    )
    how = f"a file system with room for 0 to {tally.times - 1} pages of 4 KiB more; then with room, the same command"
    seen = "exit 1: “the disk is full … free some space, or choose another disk with --runs DIR”"
    return tally.row("the disk is full", how, seen)


def no_files(trial: Trial, times: int, draw: random.Random) -> Row:
    """No name left behind every file and folder that a run makes."""
    tally = Tally()
    _until_it_fits(trial, tally, lambda disk, more: f"nr_inodes={disk.f_files - disk.f_ffree + more}")
    how = f"a file system with room for 0 to {tally.times - 1} files more; then with room, the same command"
    return tally.row("the disk takes no more files", how, "as on a full disk")


def read_only(trial: Trial, times: int, draw: random.Random) -> Row:
    """A store that can be read and not written."""
    tally = Tally()
    with _small_disk(trial.folder / "disk") as place:
        kept = _run(trial, place, seed=7)
        _resize(place, "ro")
        for _ in range(times):
            shown = trial.type("show", str(next(RunStore(place).runs()).path))
            again = trial.type(*trial.words("disk", "--seeds", "7"))
            other = trial.type(*trial.words("disk"))
            assert shown.code == again.code == 0 and "finished before" in again.said, shown.said + again.said
            assert other.code == 1 and "can't be written" in other.said, other.said
            tally.times += 1
            tally.lost += [run.record for run in RunStore(place).runs()] != [kept]
    seen = "finished runs are read; for a new one exit 1: “the directory can't be written … --runs DIR”"
    return tally.row("the store is read-only", "a file system mounted read-only", seen)


def _until_it_fits(trial: Trial, tally: Tally, options: object) -> None:
    """One more of what is short each time. What was there before must stay, and the same request succeed with room."""
    fits = False
    while not fits:
        with _small_disk(trial.folder / "disk") as place:
            kept = _run(trial, place, seed=7)
            _resize(place, options(os.statvfs(place), tally.times))  # type: ignore[operator]
            try:
                _run(trial, place)
                fits = True
            except StoreError as error:
                assert "--runs DIR" in error.fix, error
            left = [*place.rglob(".tmp-*"), *place.rglob("*.part")]
            _resize(place, _ROOMY)
            found = _run(trial, place)
            tally.times += 1
            stored = [run.record for run in RunStore(place).runs()]
            tally.lost += kept not in stored or found not in stored or bool(left)
            expected = trial.quiet[0]
            tally.changed += (found.scores, found.checkpoint) != (expected.scores, expected.checkpoint)


def _run(trial: Trial, runs: Path, seed: int = 0) -> Record:
    settings = Settings(device="cpu", runs=runs, episodes=100)
    jobs = resolve_here(f"{trial.folder / 'tiny.py'}:Latent", "sinusoid-10s", [seed], settings)
    (outcome,) = run_all(jobs, Console(quiet=True), run_here)
    assert outcome.record is not None and outcome.record.status == "ok", outcome
    return outcome.record


@contextlib.contextmanager
def _small_disk(place: Path) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", _ROOMY, "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise NotAllowed("mounting a file system is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _resize(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)
