"""Per-episode scores: their columns, their canonical bytes and their hash.

The hash is over the numbers, not over the file: another parquet version or compression gives the same hash, and so
does a file that leaves out what can be rebuilt (`bench.records.compact`).

| column | type | meaning |
|---|---|---|
| episode | int64 | index in the suite's manifest: 0 .. n-1 |
| score | float64 | the ranked metric, in that metric's unit |
| n_correct | int32 | correct query labels (classification) |
| classes | list of int32 | class ids in the pool of the test split (classification) |
| floored | bool | the prediction was not finite: the suite's floor stands in |
| any other | float64 | a further metric, under its name in the record |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import Mismatch
from bench.records.classes import ClassIds
from bench.records.names import CLASSES
from bench.records.parquet import AGAIN
from bench.records.schema import Record, Scores

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

_TYPES = {"episode": "<i8", "score": "<f8", "n_correct": "<i4", "floored": "|b1"}
_METRIC_TYPE = "<f8"


def normal_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """The same scores with the column types above; ValueError when a cast would change a number."""
    import numpy as np
    import pandas as pd

    columns = _normal_columns(columns_of(scores))
    if CLASSES in columns:
        lengths, items = columns[CLASSES]
        columns[CLASSES] = pd.Series(np.split(items, np.cumsum(lengths)[:-1]) if len(lengths) else [], dtype=object)
    return pd.DataFrame(columns)


def columns_of(scores: pd.DataFrame) -> dict[str, Any]:
    """As arrays, class ids as `ClassIds`."""
    names = map(str, scores.columns)
    return {name: ClassIds.of(scores[name]) if name == CLASSES else scores[name].to_numpy() for name in names}


def _normal_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    """With their types; of lists the lengths and all items."""
    missing = [name for name in ("episode", "score") if name not in columns]
    if missing:
        raise ValueError(f"scores need the columns episode and score, found {list(columns)}")
    normal: dict[str, Any] = {}
    for name, values in columns.items():
        if name == CLASSES:
            normal[name] = values.lengths.astype("<i8"), values.items.astype("<i4")
        else:
            normal[name] = _cast(name, values, _TYPES.get(name, _METRIC_TYPE))
    return normal


def describe_scores(scores: pd.DataFrame) -> Scores:
    """What the record says about the scores: canonical hash, canonical length in bytes, column names."""
    return _described(columns_of(scores))


def _described(columns: Mapping[str, Any]) -> Scores:
    digest, size = hashlib.sha256(), 0
    normal = _normal_columns(columns)
    for part in _canonical(normal, len(normal["episode"])):
        digest.update(part)
        size += len(part)
    return Scores(sha256=digest.hexdigest(), bytes=size, columns=list(columns))


def scores_sha256(scores: pd.DataFrame) -> str:
    """SHA-256 (hex) of the canonical bytes: names, types and little-endian values, column by column."""
    return describe_scores(scores).sha256


def check_scores(scores: pd.DataFrame, record: Record, path: Path) -> None:
    """Raise Mismatch unless these are the very scores `record` was written with, one finite row per episode."""
    check_columns(columns_of(scores), record, path)


def check_columns(columns: Mapping[str, Any], record: Record, path: Path) -> None:
    """As `check_scores`, for what `read_columns` gives."""
    if record.scores is None:
        raise Mismatch(f"{path} exists, but its record names no scores.", f"fix: {AGAIN}")
    found = _described(columns).sha256
    if found != record.scores.sha256:
        raise Mismatch(
            f"{path}: the scores are not those the record was written with: "
            f"expected sha256 {record.scores.sha256[:16]}, found {found[:16]}.",
            f"fix: restore the file, or {AGAIN}",
        )
    for problem in _problems(columns, record):
        raise Mismatch(f"{path}: {problem}", f"fix: {AGAIN}")


def score_problems(scores: pd.DataFrame, record: Record) -> Iterable[str]:
    """What is wrong with scores whose hash agrees: whoever edits scores can also edit the hash."""
    return _problems({str(name): scores[name].to_numpy() for name in scores.columns}, record)


def _problems(columns: Mapping[str, Any], record: Record) -> Iterator[str]:
    import numpy as np

    episodes = columns["episode"]
    if len(episodes) != record.episodes:
        yield f"expected {record.episodes:,} episodes, as the record says, found {len(episodes):,} rows."
    if not np.array_equal(episodes, np.arange(len(episodes))):
        twice = np.flatnonzero(np.diff(np.sort(episodes)) == 0)
        if len(twice):
            yield f"episode {np.sort(episodes)[twice[0]]} is there twice."
        yield "expected the episodes 0, 1, 2, ... in order: a prefix of the suite's manifest."
    for name, values in columns.items():
        if name in (CLASSES, "episode"):
            continue
        wrong = np.flatnonzero(~np.isfinite(values.astype(np.float64)))
        if len(wrong):
            yield f"{name} of episode {wrong[0]} is not a finite number ({len(wrong)} such rows)."


def _canonical(columns: dict[str, Any], rows: int) -> Iterable[bytes]:
    """A JSON header of names, types and the row count, then each column's bytes; lists as lengths, then items."""
    import numpy as np

    types = [[name, "list<i4>" if name == CLASSES else values.dtype.str] for name, values in columns.items()]
    yield json.dumps({"columns": types, "rows": rows}, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    for name, values in columns.items():
        for part in values if name == CLASSES else (values,):
            yield np.ascontiguousarray(part).tobytes()


def _cast(name: str, values: npt.NDArray[Any], to: str) -> npt.NDArray[Any]:
    import numpy as np

    try:
        cast = values.astype(to)
        same = np.array_equal(cast, values, equal_nan=cast.dtype.kind == "f")
    except (TypeError, ValueError):
        same = False
    if not same:
        raise ValueError(f"score column {name!r} must hold {np.dtype(to).name} values, found {values.dtype}")
    return cast
