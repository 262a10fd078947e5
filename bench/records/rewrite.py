"""A store in the present form: files of older versions written anew, the same numbers in fewer bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError, StoreError
from bench.records.compact import identical, read_scores_file
from bench.records.files import explain, replace_file
from bench.records.lease import Busy, lease
from bench.records.names import BUNDLE, LEASE
from bench.records.parquet import load_parquet, parquet_bytes, read_table
from bench.records.store import CURVE, SCORES, RunStore, StoredRun, stored_scores


@dataclass(frozen=True)
class Rewritten:
    """What became of one run. `before` and `after` are the bytes of its scores and curve; `left`: why it was left."""

    run: StoredRun
    before: int
    after: int
    left: str = ""


def rewrite(root: Path) -> Iterator[Rewritten]:
    """Write the scores and curve of every run below a root as small as this version can, where that is smaller.

    A run is read and checked first, and what is about to be written is read back: it takes the old file's place only
    if every number is the same to the bit. Damaged runs, packed ones and those somebody works on are left alone.
    Raises StoreError where the disk refuses.
    """
    store = RunStore(root)
    for run in store.runs():
        size = _size(run.path)
        if run.record is None or (run.path / BUNDLE).exists():
            yield Rewritten(run, size, size, run.problem or f"{BUNDLE} lists its files by their hashes")
            continue
        try:
            with lease(run.path.with_name(LEASE + run.path.name)):
                _rewrite(store, run.path)
        except Busy as busy:
            yield Rewritten(run, size, size, str(busy))
        except BenchError as error:
            if isinstance(error.__cause__, OSError):
                raise
            yield Rewritten(run, size, size, error.message)
        else:
            yield Rewritten(run, size, _size(run.path))


def _rewrite(store: RunStore, path: Path) -> None:
    record = store.read(path)
    if (file := path / SCORES).is_file():
        scores = store.read_scores(path, record)
        content = stored_scores(path.resolve(), record, scores)
        if not identical(scores, read_scores_file(file, store.class_ids(path), content)):
            raise StoreError(f"{file} would not be read back as it is: it stays as it was.")
        _replace(file, content)
    if (file := path / CURVE).is_file():
        curve = load_parquet(file)
        content = parquet_bytes(curve)
        if not identical(curve, read_table(file, content).to_pandas()):
            raise StoreError(f"{file} would not be read back as it is: it stays as it was.")
        _replace(file, content)


def _replace(file: Path, content: bytes) -> None:
    """Where that is smaller."""
    if len(content) < file.stat().st_size:
        try:
            replace_file(file, content)
        except OSError as error:
            raise explain(error, file) from error


def _size(path: Path) -> int:
    return sum((path / name).stat().st_size for name in (SCORES, CURVE) if (path / name).is_file())
