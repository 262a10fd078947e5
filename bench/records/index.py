"""What the records below a root say, without reading them all again: a parquet file in the user's cache directory.

It is a memory, never an authority. An entry counts while the record.json that it was made from is unchanged
(`records.unchanged`) and the scores that the record names are there; whatever is new, changed or damaged is read as if
there were no index. One that is missing, damaged or of another version of bench is made anew. It lies with the user
(`bench.remembered`) and not in the root: published results stay free of it, a root may be read-only, and nobody takes
over another one's memory with a copied directory.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import remembered
from bench.records.files import RECORD
from bench.records.names import SCORES
from bench.records.schema import Record
from bench.records.summary import COMMON, METRIC, summary
from bench.records.unchanged import Signature, signature

if TYPE_CHECKING:
    import pyarrow as pa

WORTH_WRITING = 50  # records read anew: fewer are read faster than an index is written
_GROUP = 256  # records whose text is held at once
_FIXED = ("place", *Signature._fields, "has_scores")


@dataclass(frozen=True)
class Entry:
    """What is remembered of one record: the signature of its file, its text, and what lists say of it."""

    signature: Signature
    text: bytes  # JSON without spaces
    said: dict[str, Any]  # `summary`
    has_scores: bool


class Index:
    """The index of one root. Writing it is the last thing that whoever has looked at all runs does (`save`)."""

    def __init__(self, root: Path) -> None:
        directory = remembered.folder("index")
        name = hashlib.sha256(str(root.resolve()).encode(errors="surrogateescape")).hexdigest()[:32]
        self._root = str(root)
        self._file = directory / f"{name}.parquet" if directory else None
        self._old = _Old.read(self._file) if self._file else None
        self._new: dict[str, Entry] = {}
        self._met: set[str] = set()  # places whose old entries still hold

    def holds(self, place: str) -> bool:
        """Is there an entry, and are its files as they were? A run without the scores that it names is damaged."""
        known = self._old.signatures.get(place) if self._old else None
        if self._old is None or known is None or signature(f"{self._root}/{place}/{RECORD}") != known:
            return False
        if self._old.has_scores[place] and signature(f"{self._root}/{place}/{SCORES}") is None:
            return False
        self._met.add(place)
        return True

    def record(self, place: str) -> Record:
        """The record of an entry that holds."""
        assert self._old is not None
        return Record.model_validate_json(self._old.text(place))

    def said(self, place: str, names: Collection[str]) -> dict[str, Any]:
        """Values from the `summary` of an entry that holds."""
        assert self._old is not None
        return dict(zip(names, self._old.said(tuple(names))[self._old.rows[place]], strict=True))

    def learn(self, place: str, record: Record, read_from: Signature | None) -> None:
        """Remember a record. read_from : of its file, from before it was read"""
        if self._file is None or read_from is None or not read_from.settled:
            return
        text = record.model_dump_json(by_alias=True).encode()
        if Record.model_validate_json(text) == record:
            self._new[place] = Entry(read_from, text, summary(record), record.scores is not None)

    def save(self, suite: str | None = None, algo: str | None = None) -> None:
        """Write the index, if enough of it is new. suite, algo : what was looked at; None is all of it."""
        old = list(self._old.signatures) if self._old else []
        kept = [place for place in old if place in self._met or not _within(place, suite, algo)]
        changes = max(len(self._new), len(old) - len(kept))
        if self._file is None or changes < max(WORTH_WRITING, len(old) // 100):
            return
        entries = {place: self._old.entry(place) for place in kept} if self._old else {}
        entries |= self._new
        try:
            remembered.remember(self._file, _version(), _parquet(entries))
        except ValueError:  # text or numbers that parquet has no place for
            return


class _Old:
    """An index as it was read. Texts are read group by group, because together they are large."""

    def __init__(self, content: bytes) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._parquet = pq.ParquetFile(pa.BufferReader(content))
        fixed = self._parquet.read(columns=list(_FIXED)).to_pydict()
        places: list[str] = fixed["place"]
        numbers = zip(*(fixed[name] for name in Signature._fields), strict=True)
        self.rows = {place: row for row, place in enumerate(places)}
        self.signatures = dict(zip(places, map(Signature._make, numbers), strict=True))
        self.has_scores: dict[str, bool] = dict(zip(places, fixed["has_scores"], strict=True))
        self._said: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        self._group = -1
        self._texts: list[bytes] = []

    @classmethod
    def read(cls, file: Path) -> _Old | None:
        content = remembered.recall(file, _version())
        return None if content is None else cls(content)

    def said(self, names: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Of every row the values of these columns."""
        if names not in self._said:
            table = self._parquet.read(columns=list(names))
            self._said = {names: list(zip(*(table[name].to_pylist() for name in names), strict=True))}
        return self._said[names]

    def text(self, place: str) -> bytes:
        group, i = divmod(self.rows[place], _GROUP)
        if group != self._group:
            self._texts = self._parquet.read_row_group(group, columns=["text"]).column(0).to_pylist()
            self._group = group
        return self._texts[i]

    def entry(self, place: str) -> Entry:
        names = tuple(_types())
        said = dict(zip(names, self.said(names)[self.rows[place]], strict=True))
        return Entry(self.signatures[place], self.text(place), said, self.has_scores[place])


def _parquet(entries: dict[str, Entry]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    places = sorted(entries, key=lambda place: place.split("/"))  # as stores list them
    rows = [entries[place] for place in places]
    columns = {"place": pa.array(places, pa.string())}
    for i, name in enumerate(Signature._fields):
        columns[name] = pa.array([row.signature[i] for row in rows], pa.uint64() if name == "inode" else pa.int64())
    columns["has_scores"] = pa.array([row.has_scores for row in rows], pa.bool_())
    columns |= {name: pa.array([row.said[name] for row in rows], kind) for name, kind in _types().items()}
    columns["text"] = pa.array([row.text for row in rows], pa.binary())
    repeating = [name for name in columns if name != "text"]
    out = io.BytesIO()
    pq.write_table(
        pa.table(columns), out, row_group_size=_GROUP, compression="zstd", use_dictionary=repeating,
        write_statistics=False,
    )  # fmt: skip
    return out.getvalue()


def _types() -> dict[str, pa.DataType]:
    """Of the columns that hold what lists say."""
    import pyarrow as pa

    kinds = {"str": pa.string(), "Int64": pa.int64(), "boolean": pa.bool_(), "float64": pa.float64()}
    common = {name: kinds[kind] for name, kind in COMMON.items()}
    return common | {"episodes": pa.int64()} | {name: pa.list_(kinds[kind]) for name, kind in METRIC.items()}


def _within(place: str, suite: str | None, algo: str | None) -> bool:
    in_suite, of_algo, _ = place.split("/")
    return suite in (None, in_suite) and algo in (None, of_algo)


@cache
def _version() -> str:
    """Of the code that makes records and their summaries from bytes."""
    import pydantic

    here = Path(__file__).parent
    names = ("schema.py", "files.py", "summary.py", "index.py", "unchanged.py")
    return remembered.version_of((here / name for name in names), pydantic.VERSION)
