"""scores.parquet without what follows from something else.

The file's own metadata says, under `bench.scores`, which columns the scores have and how each is had:

    ["stored"]                    as it lies in the file
    ["integer"]                   stored as integers, read as floats
    ["row"]                       0, 1, 2, ...
    ["false"]                     False in every row
    ["same", "score"]             equal to that column
    ["ratio", "n_correct", 75]    those integers, divided by this one
    ["classes", "classes-....parquet"]    the first class ids in that file of the store (`bench.records.classes`)

A rule is used only where it gives the very bits. A file without this metadata, as older versions wrote it, holds all
columns as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import StoreError
from bench.records.classes import ClassIds
from bench.records.files import first_line, strict_json
from bench.records.names import CLASSES
from bench.records.parquet import AGAIN, read_table, table_bytes
from bench.records.scores import columns_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

_FORM = b"bench.scores"
_COUNTS = "n_correct"
_ORDER = ("stored", "integer", "row", "false", "classes", "ratio", "same")  # what others are had from comes first
_MOST_COLUMNS = 64
_FEW = 8  # rows for each different number, from which on a dictionary is smaller than the numbers themselves

Rule = list[Any]
FindClasses = Callable[[str, int], ClassIds]
"""Class ids of so many episodes, by the name of a class file; raises StoreError."""


def scores_bytes(scores: pd.DataFrame, classes: str | None = None) -> bytes:
    """The file for scores in their normal types (`normal_scores`).

    classes : the store's class file that begins with theirs; None keeps them in the file, which then needs no other
    """
    import pyarrow as pa

    rules: dict[str, Rule] = {}
    arrays: dict[str, Any] = {}
    split, dictionary = [], []
    for name in map(str, scores.columns):
        if name == CLASSES:
            rules[name] = ["classes", classes] if classes else ["stored"]
            if not classes:
                arrays[name] = pa.array(list(scores[name]), type=pa.list_(pa.int32()))
                dictionary.append(f"{name}.list.element")
            continue
        rules[name], stored = _shortest(name, scores)
        if stored is not None:
            arrays[name] = pa.array(stored)
            if stored.dtype.kind == "f" and len(stored) >= _FEW * scores[name].nunique():
                dictionary.append(name)
            elif stored.dtype.kind in "if":
                split.append(name)
    form = {_FORM: json.dumps(rules, separators=(",", ":")).encode()}
    return table_bytes(pa.table(arrays).replace_schema_metadata(form), split, dictionary)


def read_scores_file(path: Path, find_classes: FindClasses | None = None, content: bytes | None = None) -> pd.DataFrame:
    """All columns of a scores file, of either form, in their order and types.

    find_classes : where the file may find class ids; without it, it has to hold them itself
    content : of a file that is yet to be written

    Raises StoreError when it is missing or damaged, and where the class ids are not to be had.
    """
    import pandas as pd

    table = read_table(path, content)
    if not _rules(table):
        frame: pd.DataFrame = table.to_pandas()
        return frame
    columns = _had(path, table, find_classes)
    if CLASSES in columns:
        columns[CLASSES] = _objects(columns[CLASSES].rows(), table.num_rows)
    return pd.DataFrame(columns)


def read_columns(path: Path, find_classes: FindClasses | None = None) -> dict[str, Any]:
    """As `read_scores_file`, each column an array and the class ids as they are stored: for who reads many files."""
    return _had(path, read_table(path), find_classes)


def _had(path: Path, table: pa.Table, find_classes: FindClasses | None) -> dict[str, Any]:
    import pyarrow as pa

    try:
        if rules := _rules(table):
            return _rebuilt(table, strict_json(rules), find_classes)
        return columns_of(table.to_pandas())
    except (pa.ArrowException, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged: {first_line(error)}", f"fix: {AGAIN}") from error


def _rules(table: pa.Table) -> bytes | None:
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    return metadata.get(_FORM)


def identical(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    """The same columns in the same order and types, and the same bits in each."""
    if list(a.columns) != list(b.columns) or len(a) != len(b):
        return False
    return all(
        all(map(same_bits, a[name], b[name])) if name == CLASSES else same_bits(a[name].to_numpy(), b[name].to_numpy())
        for name in a.columns
    )


def _shortest(name: str, scores: pd.DataFrame) -> tuple[Rule, npt.NDArray[Any] | None]:
    """The rule for a column and, where something has to be stored for it, that."""
    import numpy as np

    values, n = scores[name].to_numpy(), len(scores)
    if values.dtype == np.int64 and np.array_equal(values, np.arange(n)):
        return ["row"], None
    if values.dtype == np.bool_ and not values.any():
        return ["false"], None
    if values.dtype != np.float64 or not np.isfinite(values).all():
        return ["stored"], values
    if name == "score" and _COUNTS in scores and (per := _divisor(values, scores[_COUNTS].to_numpy())):
        return ["ratio", _COUNTS, per], None
    if name != "score" and same_bits(values, scores["score"].to_numpy()):
        return ["same", "score"], None
    if (np.abs(values) < 2**31).all() and same_bits(values, (whole := values.astype(np.int32)).astype(np.float64)):
        return ["integer"], whole
    return ["stored"], values


def _divisor(values: npt.NDArray[Any], counts: npt.NDArray[Any]) -> int | None:
    """The integer by which the counts are divided to give the values, if there is one."""
    import math

    most = int(counts.argmax()) if len(counts) else 0
    ratio = float(counts[most]) / float(values[most]) if len(counts) and values[most] else 1.0
    per = round(ratio) if math.isfinite(ratio) else 0
    return per if 0 < per < 2**31 and same_bits(values, counts / per) else None


def same_bits(a: Any, b: Any) -> bool:
    """Of two arrays, or two numpy numbers: the same type and bytes."""
    return bool(a.dtype == b.dtype) and a.tobytes() == b.tobytes()


def _rebuilt(table: pa.Table, rules: dict[str, Rule], find_classes: FindClasses | None) -> dict[str, Any]:
    import numpy as np

    if len(rules) > _MOST_COLUMNS:
        raise ValueError(f"{len(rules):,} columns are not scores of a run")
    n = table.num_rows
    had: dict[str, Any] = {}
    for name, (kind, *given) in sorted(rules.items(), key=lambda item: _ORDER.index(item[1][0])):
        if kind == "stored" and name == CLASSES:
            had[name] = ClassIds.of(table[name].to_pandas())
        elif kind == "stored":
            had[name] = np.array(table[name].to_numpy())  # of our own: arrow's can't be written to
        elif kind == "integer":
            had[name] = table[name].to_numpy().astype(np.float64)
        elif kind == "row":
            had[name] = np.arange(n)
        elif kind == "false":
            had[name] = np.zeros(n, dtype=bool)
        elif kind == "classes":
            had[name] = _found(find_classes, str(given[0]), n)
        elif kind == "ratio" and (per := int(given[1])) > 0:
            had[name] = had[given[0]] / per
        else:
            had[name] = had[given[0]].copy()
    return {name: had[name] for name in rules}


def _objects(rows: Iterable[Any], n: int) -> npt.NDArray[Any]:
    import numpy as np

    objects = np.empty(n, dtype=object)
    for i, row in enumerate(rows):
        objects[i] = row
    return objects


def _found(find_classes: FindClasses | None, name: str, n: int) -> ClassIds:
    if find_classes is None:
        raise ValueError(f"its class ids lie outside, in {name}; expected all columns in the file")
    return find_classes(name, n)
