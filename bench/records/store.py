"""Where runs live on disk: `<root>/<suite>/<algo>/<key>/`, one directory per run, written whole or not at all.

    record.json             the record, sorted keys
    scores.parquet          one row per test episode (bench.records.scores)
    curve.parquet           the training curve
    recipe.yaml             the resolved recipe
    checkpoint.safetensors  the weights that were scored

A run is assembled in `.tmp-<key>-<random>` beside its place and renamed. A directory cannot be renamed over another,
so a run that is replaced first steps aside to `.old-<key>~<random>`; if the writer dies before the new one is in
place, the next reader puts the old one back. At every instant the old or the new run is there in full.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import StoreError, UsageError, unknown_name
from bench.records.files import RECORD, explain, read_record, record_bytes, sync_directory, write_file
from bench.records.index import Index
from bench.records.lease import is_free
from bench.records.names import LEASE, SAFE
from bench.records.names import SCORES as SCORES
from bench.records.schema import Record
from bench.records.scores import check_scores, describe_scores, load_parquet, normal_scores, parquet_bytes
from bench.records.summary import summary
from bench.records.unchanged import signature

if TYPE_CHECKING:
    import pandas as pd

CURVE = "curve.parquet"
RECIPE = "recipe.yaml"
CHECKPOINT = "checkpoint.safetensors"

_TMP, _OLD = ".tmp-", ".old-"
_STALE_S = 3600.0  # a write takes seconds: an hour-old temporary belongs to a dead writer,
_QUIET_S = 60.0  # and so does one of a minute whose run nobody holds the lease of
_READ_ATTEMPTS = 3  # a run that is being replaced has no place between two renames
_PUBLISH_ATTEMPTS = 50  # another writer or a recovering reader may get in between two renames


@dataclass(frozen=True)
class StoredRun:
    """One run directory. `record` is None exactly where `problem` says what is wrong with it."""

    path: Path
    record: Record | None
    problem: str | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """(suite, algo, key), from where the directory lies."""
        return self.path.parts[-3], self.path.parts[-2], _key(self.path.name)


class RunStore:
    """The runs below one directory. Creating a store touches nothing; the first write makes the directory."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def path(self, suite: str, algo: str, key: str) -> Path:
        """Where a run with this key belongs, whether or not it is there."""
        for part in (suite, algo, key):
            if not SAFE.fullmatch(part):
                raise UsageError(f"{part!r} can't name a directory: expected letters, digits and . _ @ + = - only.")
        return self.root / suite / algo / key

    def write(
        self,
        record: Record,
        scores: pd.DataFrame | None,
        curve: pd.DataFrame | None,
        recipe: dict[str, Any] | None,
        checkpoint: Path | None,
    ) -> Path:
        """Store a run, replacing whatever lies at its place; returns the run's directory.

        `record.scores` must describe `scores` (`describe_scores`): the store adds nothing to the numbers.
        `checkpoint` may be the file of the very run that is replaced; None leaves the new run without one.

        Errors: StoreError when the disk is full or read-only; then nothing half-written is left and the
        previous run, if any, is intact.
        """
        if (None if scores is None else describe_scores(scores)) != record.scores:
            raise ValueError("record.scores must be describe_scores(scores), and None where there are none")
        target = self.path(record.suite.name, record.algorithm.name, record.key)
        aside = target.with_name(f"{_TMP}{record.key}-{secrets.token_hex(4)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _clean(target.parent)
            aside.mkdir()
            if scores is not None:
                write_file(aside / SCORES, parquet_bytes(normal_scores(scores)))
            if curve is not None:
                write_file(aside / CURVE, parquet_bytes(curve))
            if recipe is not None:
                write_file(aside / RECIPE, _yaml(recipe))
            if checkpoint is not None:
                write_file(aside / CHECKPOINT, checkpoint)
            write_file(aside / RECORD, record_bytes(record))
            sync_directory(aside)
            _publish(aside, target)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise explain(error, target) from error
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        return target

    def sweep(self, place: Path) -> None:
        """Delete what dead writers of the run left beside its place. For who holds its lease: nobody else writes it."""
        for leftover in place.parent.glob(f"{_TMP}{place.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def find(self, suite: str, algo: str, key: str) -> Path | None:
        """The run's directory, or None. A directory without record.json is not a run."""
        place = self.path(suite, algo, key)
        tries = (_restore(place) for _ in range(_READ_ATTEMPTS))
        return next((path for path in tries if (path / RECORD).is_file()), None)

    def read(self, path: Path) -> Record:
        """The record of a run directory; StoreError naming file and field when it is malformed."""
        for _ in range(_READ_ATTEMPTS):
            with contextlib.suppress(StoreError):
                return read_record(path / RECORD)
            path = _restore(path)
        return read_record(path / RECORD)

    def read_scores(self, path: Path, record: Record | None = None) -> pd.DataFrame:
        """The per-episode scores; Mismatch unless they hash to what the record says, one finite row an episode."""
        scores = load_parquet(path / SCORES)
        check_scores(scores, record or self.read(path), path / SCORES)
        return scores

    def read_curve(self, path: Path) -> pd.DataFrame | None:
        """The training curve, or None where nothing was trained."""
        return load_parquet(path / CURVE) if (path / CURVE).exists() else None

    def read_recipe(self, path: Path) -> dict[str, Any] | None:
        """The resolved recipe, or None where none was stored; StoreError when the file is damaged."""
        if not (path / RECIPE).exists():
            return None
        import yaml

        try:
            recipe = yaml.safe_load((path / RECIPE).read_bytes())
            json.dumps(recipe, sort_keys=True)  # dates, and keys that are no words, were never written
        except (OSError, yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
            raise StoreError(f"{path / RECIPE} is not readable YAML: {error}", "fix: restore the file") from error
        if not isinstance(recipe, dict):
            raise StoreError(
                f"{path / RECIPE}: expected a mapping, found {type(recipe).__name__}.", "fix: restore the file"
            )
        return recipe

    def runs(self, suite: str | None = None, algo: str | None = None) -> Iterator[StoredRun]:
        """Every run directory in sorted order; damaged ones come with a `problem` instead of a record."""
        index = Index(self.root)
        for place, path in self._places(suite, algo):
            yield StoredRun(path, index.record(place)) if index.holds(place) else self._learn(index, place, path)
        index.save(suite, algo)

    def summaries(
        self, names: Collection[str], suite: str | None = None, algo: str | None = None
    ) -> Iterator[tuple[StoredRun, dict[str, Any]]]:
        """`runs` with these values of their `summary` and none of the records that need not be parsed for that.

        Damaged runs come with their `problem` and no values.
        """
        index = Index(self.root)
        for place, path in self._places(suite, algo):
            if index.holds(place):
                yield StoredRun(path, None), index.said(place, names)
            else:
                run = self._learn(index, place, path)
                said = summary(run.record) if run.record else {}
                yield run, {name: said[name] for name in names if name in said}
        index.save(suite, algo)

    def resolve(self, text: str) -> Path:
        """The run a person means: a path, a key, or the first letters of exactly one key."""
        as_path = Path(text)
        as_path = as_path.parent if as_path.name == RECORD else as_path
        if text and (as_path / RECORD).is_file():
            return as_path
        found = {_restore(path): place.rpartition("/")[2] for place, path in self._places()}
        matches = [path for path, key in found.items() if key == text]
        matches = matches or [path for path, key in found.items() if text and key.startswith(text)]
        if len(matches) > 1:
            names = ", ".join(sorted("/".join(path.parts[-3:]) for path in matches)[:10])
            raise UsageError(f"{text!r} begins the keys of {len(matches)} runs: {names}.", "Give more of the key.")
        if not matches:
            near = difflib.get_close_matches(text, found.values(), n=10, cutoff=0.0)
            raise unknown_name("run", text, near)
        return matches[0]

    def _places(self, suite: str | None = None, algo: str | None = None) -> Iterator[tuple[str, Path]]:
        """Where runs belong, `suite/algo/key` and the directory, in sorted order, whatever is there."""
        for in_suite in _directories(self.root, suite):
            for of_algo in _directories(self.root / in_suite, algo):
                directory = self.root / in_suite / of_algo
                for key in _keys(directory):
                    yield f"{in_suite}/{of_algo}/{key}", directory / key

    def _learn(self, index: Index, place: str, path: Path) -> StoredRun:
        """Read a run that the index doesn't know as it is."""
        before = signature(path / RECORD)
        tries = (self._load(_restore(path)) for _ in range(_READ_ATTEMPTS))
        run = next(tries)
        run = run if run.record else next((again for again in tries if again.record), run)
        if run.record and run.path == path:
            index.learn(place, run.record, before)
        return run

    def _load(self, path: Path) -> StoredRun:
        try:
            record = self.read(path)
        except StoreError as error:
            return StoredRun(path, None, error.message)
        run = StoredRun(path, record)
        named = (record.suite.name, record.algorithm.name, record.key)
        if named != run.place:
            return StoredRun(path, None, f"{path / RECORD}: the record belongs at {'/'.join(named)}, not here.")
        if record.scores is not None and not (path / SCORES).is_file():
            return StoredRun(path, None, f"{path / SCORES} is missing: the run's files are incomplete.")
        return run


def _publish(aside: Path, target: Path) -> None:
    """Rename a finished directory to its place; the one that is there steps aside until the new one is in."""
    for attempt in range(1, _PUBLISH_ATTEMPTS + 1):
        with contextlib.suppress(FileNotFoundError):  # a first run has nothing in its place
            target.replace(target.with_name(f"{_OLD}{target.name}~{secrets.token_hex(4)}"))
        try:
            aside.replace(target)
            break
        except OSError as error:
            taken = error.errno in (errno.ENOTEMPTY, errno.EEXIST)  # by another writer, or a reader that restored
            if not taken or attempt == _PUBLISH_ATTEMPTS:
                _restore(target)
                raise
    sync_directory(target.parent)
    _clean(target.parent)


def _restore(target: Path) -> Path:
    """Undo a replacement that was cut short; returns where the run lies: its place, or aside without write access."""
    old = [] if target.exists() else list(target.parent.glob(f"{_OLD}{target.name}~*"))
    if target.exists() or not old:
        return target
    latest = max(old, key=_changed)
    try:
        latest.replace(target)
    except OSError:
        return target if target.exists() else latest
    return target


def _changed(path: Path) -> int:
    try:
        return path.stat().st_ctime_ns
    except FileNotFoundError:  # its writer has taken it away, or back
        return 0


def _clean(directory: Path) -> None:
    """Delete what dead writers left behind, and old runs whose successors are in place.

    Old runs are listed before their successors are looked for: a run that steps aside after that is not touched.
    They are renamed before they are deleted, so that one half deleted is never taken for a run.
    Failure costs disk space only.
    """
    for old in list(directory.glob(_OLD + "*")):
        if old.with_name(_key(old.name)).exists():
            doomed = old.with_name(f"{_TMP}{_key(old.name)}-{secrets.token_hex(4)}")
            with contextlib.suppress(OSError):
                shutil.rmtree(old.replace(doomed), ignore_errors=True)
    for leftover in directory.glob(_TMP + "*"):
        with contextlib.suppress(FileNotFoundError):
            age = time.time() - leftover.stat().st_mtime
            key = leftover.name.removeprefix(_TMP).rpartition("-")[0]
            if age > _STALE_S or (age > _QUIET_S and is_free(directory / (LEASE + key))):
                shutil.rmtree(leftover, ignore_errors=True)


def _key(name: str) -> str:
    """The key that a run directory of this name belongs to, in its place or aside."""
    return name.removeprefix(_OLD).partition("~")[0]


def _directories(parent: Path, only: str | None = None) -> list[str]:
    """Names in sorted order, without those that begin with a dot; or the one asked for."""
    return [name for name in _all_directories(parent) if not name.startswith(".") and only in (None, name)]


def _keys(directory: Path) -> list[str]:
    """The keys of a learner's runs. One that is replaced lies aside for a moment, which a single listing may miss."""
    names = {*_all_directories(directory), *_all_directories(directory)}
    shown = {name for name in names if not name.startswith(".")}
    return sorted(shown | {_key(name) for name in names if name.startswith(_OLD)})


def _all_directories(parent: Path) -> list[str]:
    try:
        with os.scandir(parent) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _yaml(recipe: dict[str, Any]) -> bytes:
    import yaml

    text: str = yaml.safe_dump(recipe, sort_keys=True, allow_unicode=True)
    return text.encode()
