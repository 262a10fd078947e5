"""Numbers that were computed before, by what they are a function of.

What is dear about boards (bootstrap-t, intervals over seeds, all pairs of a section) is a function of scores, which
records name by hash. So a number is remembered under those hashes and everything else that goes into it, in the user's
cache directory (`bench.remembered`), and only for the very source text of `bench.stats` and of the boards, NumPy, SciPy
and Python that computed it. Whether it was remembered or computed, a number takes the same way through JSON, so that a
board is the same with and without a memory.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import TypeAdapter

import bench.stats
from bench import remembered

T = TypeVar("T")

_MOST = 100_000  # entries, those asked for last; a row of a board has three or four
_FILE = "numbers.parquet"


class Memo:
    """A memory of numbers, as it was found; `save` puts back what is new with it."""

    def __init__(self) -> None:
        directory = remembered.folder("boards")
        self._file = directory / _FILE if directory else None
        self._old = _read(self._file) if self._file else {}
        self._used: dict[str, str] = {}
        self._changed = False

    def number(self, kind: type[T], of: Sequence[object], compute: Callable[[], T]) -> T:
        """A dataclass of numbers, computed where it is not remembered.

        of : all that it is a function of, with a word for the function first; anything that JSON can say
        """
        key = hashlib.sha256(json.dumps([kind.__name__, *of], sort_keys=True).encode()).hexdigest()
        text = self._used.get(key) or self._old.get(key)
        if text is None:
            text = json.dumps(asdict(compute()))  # type: ignore[call-overload]
            self._changed = True
        self._used[key] = text
        found: T = _adapter(cast(Any, kind)).validate_python(json.loads(text))
        return found

    def save(self) -> None:
        """Write what is new, if anything is."""
        if self._file is None or not self._changed:
            return
        there = _read(self._file)  # again: another command may have written meanwhile
        kept = {key: text for key, text in there.items() if key not in self._used} | self._used
        remembered.remember(self._file, _version(), _parquet(dict(list(kept.items())[-_MOST:])))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read(file: Path) -> dict[str, str]:
    content = remembered.recall(file, _version())
    if content is None:
        return {}
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = pq.ParquetFile(pa.BufferReader(content)).read().to_pydict()
    return dict(zip(columns["key"], columns["value"], strict=True))


def _parquet(entries: dict[str, str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"key": pa.array(list(entries), pa.string()), "value": pa.array(entries.values(), pa.string())})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", use_dictionary=False, write_statistics=False)
    return out.getvalue()


@cache
def _version() -> str:
    """Of all that computes: the text of the statistics and of the boards, what records they read, and the packages."""
    import scipy

    package = Path(bench.stats.__file__).parent.parent
    sources = [file for part in ("stats", "boards", "records", "domains") for file in (package / part).rglob("*.py")]
    here = (platform.python_version(), platform.machine(), np.__version__, scipy.__version__)
    return remembered.version_of([*sources, package / "philox.py"], *here)
