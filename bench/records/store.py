"""Where runs live on disk: `<root>/<suite>/<algo>/<key>/`, one directory per run, written whole or not at all.

    record.json             the record, sorted keys
    scores.parquet          one row per test episode (bench.records.scores)
    curve.parquet           the training curve
    recipe.yaml             the resolved recipe
    checkpoint.safetensors  the weights that were scored

Beside the learners' folders lies the suite's class file (bench.records.classes), which spares each run its class ids.

A run is written beside its place and renamed (bench.records.publish).
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import StoreError, UsageError, unknown_name
from bench.records.classes import ClassIds, share, shared
from bench.records.compact import FindClasses, read_columns, read_scores_file, scores_bytes
from bench.records.files import RECORD, explain, read_record, record_bytes, sync_directory, write_file
from bench.records.index import Index
from bench.records.names import BUNDLE, CLASSES, SAFE
from bench.records.names import SCORES as SCORES
from bench.records.parquet import load_parquet, parquet_bytes
from bench.records.publish import OLD, TMP, clean, key_of, publish, restore
from bench.records.schema import Record
from bench.records.scores import check_columns, check_scores, describe_scores, normal_scores
from bench.records.summary import summary
from bench.records.unchanged import signature
from bench.records.weights import CHECKPOINT, has_weights

if TYPE_CHECKING:
    import pandas as pd

CURVE = "curve.parquet"
RECIPE = "recipe.yaml"

_READ_ATTEMPTS = 3  # a run that is being replaced has no place between two renames


@dataclass(frozen=True)
class StoredRun:
    """One run directory. `record` is None exactly where `problem` says what is wrong with it."""

    path: Path
    record: Record | None
    problem: str | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """(suite, algo, key), from where the directory lies."""
        return self.path.parts[-3], self.path.parts[-2], key_of(self.path)


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

        def files() -> Iterator[tuple[str, bytes | Path]]:
            if scores is not None:
                yield SCORES, stored_scores(target, record, scores)
            if curve is not None:
                yield CURVE, parquet_bytes(curve)
            if recipe is not None:
                yield RECIPE, _yaml(recipe)
            if checkpoint is not None:
                yield CHECKPOINT, checkpoint
            yield RECORD, record_bytes(record)

        return self._put(target, files)

    def adopt(self, run: Path, record: Record, replaced: Path | None = None) -> Path:
        """Copy a run directory of another store, every file of it, to its place here; returns the place.

        record : the run's, perhaps with further verifications; its scores may lie in another form afterwards
        replaced : a run whose weights are kept where the record names the same ones and they are not beside it

        Errors: as of `write`, and what `read_scores` raises.
        """
        target = self.path(record.suite.name, record.algorithm.name, record.key)

        def files() -> Iterator[tuple[str, bytes | Path]]:
            for name, file in _files_below(run).items():
                if name == SCORES and not (run / BUNDLE).exists():
                    yield name, stored_scores(target, record, RunStore(run).read_scores(run, record))
                elif name != RECORD:
                    yield name, file
            missing = not (run / CHECKPOINT).is_file()
            if replaced and missing and has_weights(replaced, record):
                yield CHECKPOINT, replaced / CHECKPOINT
            yield RECORD, record_bytes(record)

        return self._put(target, files)

    def _put(self, target: Path, files: Callable[[], Iterator[tuple[str, bytes | Path]]]) -> Path:
        """Assemble a run directory beside its place and publish it, or leave everything as it was."""
        aside = target.with_name(f"{TMP}{target.name}-{secrets.token_hex(4)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            clean(target.parent)
            aside.mkdir()
            for name, content in files():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                write_file(aside / name, content)
            sync_directory(aside)
            publish(aside, target)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise explain(error, target) from error
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        return target

    def sweep(self, place: Path) -> None:
        """Delete what dead writers of the run left beside its place. For who holds its lease: nobody else writes it."""
        for leftover in place.parent.glob(f"{TMP}{place.name}-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def find(self, suite: str, algo: str, key: str) -> Path | None:
        """The run's directory, or None. A directory without record.json is not a run."""
        place = self.path(suite, algo, key)
        tries = (restore(place) for _ in range(_READ_ATTEMPTS))
        return next((path for path in tries if (path / RECORD).is_file()), None)

    def at(self, suite: str, algo: str, key: str) -> StoredRun | None:
        """The run in a place, whole or damaged; None where there is nothing."""
        place = self.path(suite, algo, key)
        return self._whole(place) if restore(place).exists() else None

    def read(self, path: Path) -> Record:
        """The record of a run directory; StoreError naming file and field when it is malformed."""
        for _ in range(_READ_ATTEMPTS):
            with contextlib.suppress(StoreError):
                return read_record(path / RECORD)
            path = restore(path)
        return read_record(path / RECORD)

    def read_scores(self, path: Path, record: Record | None = None) -> pd.DataFrame:
        """The per-episode scores; Mismatch unless they hash to what the record says, one finite row an episode."""
        record = record or self.read(path)
        scores = read_scores_file(path / SCORES, self.class_ids(path))
        check_scores(scores, record, path / SCORES)
        return scores

    def read_columns(self, path: Path, record: Record) -> dict[str, Any]:
        """As `read_scores`, each column an array, class ids as `ClassIds`."""
        columns = read_columns(path / SCORES, self.class_ids(path))
        check_columns(columns, record, path / SCORES)
        return columns

    def class_ids(self, path: Path) -> FindClasses:
        """Where the scores of a run directory find class ids they don't hold: in its own store, then in this one."""
        there = path.resolve().parent.parent
        folders = [there, self.root / there.name]
        return lambda name, n: shared(name, n, folders, path / SCORES)

    def read_curve(self, path: Path) -> pd.DataFrame | None:
        """The training curve, or None where nothing was trained."""
        return load_parquet(path / CURVE) if (path / CURVE).exists() else None

    def read_recipe(self, path: Path) -> dict[str, Any] | None:
        """The resolved recipe, or None where none was stored; StoreError when the file is damaged."""
        if not (path / RECIPE).exists():
            return None
        import yaml

        try:
            recipe = yaml.load((path / RECIPE).read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
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
            known = index.holds(place)
            yield StoredRun(path, index.record(place)) if known else self._learn(index, place, path)
        index.save(suite, algo)

    def summaries(
        self, names: Collection[str], suite: str | None = None, algo: str | None = None
    ) -> Iterator[tuple[StoredRun, dict[str, Any]]]:
        """`runs` with these values of their `summary`, and without those records that need not be parsed for that.

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

    def run_keys(self) -> Iterator[str]:
        """The key of every run directory, whole or damaged; nothing is read."""
        return (path.name for _, path in self._places())

    def resolve(self, text: str) -> Path:
        """The run a person means: a path, a key, or the first letters of exactly one key."""
        as_path = Path(text)
        as_path = as_path.parent if as_path.name == RECORD else as_path
        if text and (as_path / RECORD).is_file():
            return as_path
        found = {restore(path): path.name for _, path in self._places()}
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
        """Where runs belong, as `suite/algo/key` and as a directory, in sorted order, whatever is there."""
        for in_suite in _directories(self.root, suite):
            for of_algo in _directories(self.root / in_suite, algo):
                directory = self.root / in_suite / of_algo
                for key in _keys(directory):
                    yield f"{in_suite}/{of_algo}/{key}", directory / key

    def _learn(self, index: Index, place: str, path: Path) -> StoredRun:
        """Read a run that the index doesn't know as it is."""
        before = signature(path / RECORD)
        run = self._whole(path)
        if run.record and run.path == path:
            index.learn(place, run.record, before)
        return run

    def _whole(self, place: Path) -> StoredRun:
        tries = (self._load(restore(place)) for _ in range(_READ_ATTEMPTS))
        run = next(tries)
        return run if run.record else next((again for again in tries if again.record), run)

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


def stored_scores(place: Path, record: Record, scores: pd.DataFrame) -> bytes:
    """The scores file of a run that belongs at `place`; its class ids go into the class file of the suite."""
    normal = normal_scores(scores)
    classes = None
    if CLASSES in normal:
        classes = share(place.parent.parent, record.suite.manifest_sha256, ClassIds.of(normal[CLASSES]))
    return scores_bytes(normal, classes)


def _directories(parent: Path, only: str | None = None) -> list[str]:
    """Names in sorted order, without those that begin with a dot; or the one asked for."""
    return [name for name in _all_directories(parent) if not name.startswith(".") and only in (None, name)]


def _keys(directory: Path) -> list[str]:
    """The keys of a learner's runs. One that is replaced lies aside for a moment, which a single listing may miss."""
    names = {*_all_directories(directory), *_all_directories(directory)}
    shown = {name for name in names if not name.startswith(".")}
    return sorted(shown | {key_of(Path(name)) for name in names if name.startswith(OLD)})


def _all_directories(parent: Path) -> list[str]:
    try:
        with os.scandir(parent) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _files_below(folder: Path) -> dict[str, Path]:
    """Plain files by their path with slashes; no links, nothing hidden, nothing half downloaded."""
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*"))}
    return {
        name.as_posix(): path
        for name, path in found.items()
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in name.parts)
    }


def _yaml(recipe: dict[str, Any]) -> bytes:
    import yaml

    text: str = yaml.safe_dump(recipe, sort_keys=True, allow_unicode=True)
    return text.encode()
