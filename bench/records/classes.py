"""The class ids of a suite's episodes, once for all runs of a store: `<root>/<suite>/classes-<manifest>.parquet`.

They follow from the manifest, so every run of a suite asks for the same ones. The file is as long as the longest run
needed; a run whose class ids begin it leaves them out of its scores. Nothing here has to be believed: the hash of a
run's scores covers its class ids.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import StoreError
from bench.records.files import first_line, replace_file
from bench.records.lease import lease
from bench.records.names import CLASSES, LEASE
from bench.records.parquet import table_bytes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FILE = re.compile(r"classes-[0-9a-f]{16}\.parquet")


@dataclass(frozen=True)
class ClassIds:
    """Class ids of the episodes 0 .. n-1: how many each has (int64 [n]), and all of them in a row (int32)."""

    lengths: npt.NDArray[np.int64]
    items: npt.NDArray[np.int32]

    @classmethod
    def of(cls, rows: Iterable[npt.NDArray[np.int32]]) -> ClassIds:
        import numpy as np

        rows = list(rows)
        items = np.concatenate(rows) if rows else np.zeros(0)
        return cls(np.array([len(row) for row in rows], dtype=np.int64), items.astype(np.int32, casting="unsafe"))

    @classmethod
    def read(cls, column: Any) -> ClassIds:
        """From a parquet column of lists; ValueError for one that holds something else."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        lists = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if not pa.types.is_list(lists.type) or lists.type.value_type != pa.int32() or lists.null_count:
            raise ValueError(f"expected lists of int32, found {lists.type}")
        items = lists.flatten()
        if items.null_count:
            raise ValueError("expected class ids, found nulls")
        return cls(pc.list_value_length(lists).to_numpy().astype(np.int64), items.to_numpy())

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self) -> Iterator[npt.NDArray[np.int32]]:
        at = 0
        for length in self.lengths.tolist():
            yield self.items[at : at + length]
            at += length

    def first(self, n: int) -> ClassIds:
        return ClassIds(self.lengths[:n], self.items[: int(self.lengths[:n].sum())])

    def begins_with(self, other: ClassIds) -> bool:
        import numpy as np

        mine = self.first(len(other))
        return np.array_equal(mine.lengths, other.lengths) and np.array_equal(mine.items, other.items)


def share(suite_folder: Path, manifest: str, mine: ClassIds) -> str | None:
    """Make sure that the folder's class file of this manifest begins with `mine`; returns its name.

    None where it says otherwise or can't be written: then they have to stay with the run.
    """
    name = f"classes-{manifest[:16]}.parquet"
    if not _FILE.fullmatch(name):
        return None
    file = suite_folder / name
    try:
        if (known := _known(file)) is None or len(known) < len(mine):
            with lease(suite_folder / f"{LEASE}{name}", wait=True):
                known = _known(file)
                if known is None or (len(known) < len(mine) and mine.begins_with(known)):
                    replace_file(file, _parquet(mine))
                    known = mine
    except (OSError, StoreError):
        return None
    return name if known.begins_with(mine) else None


def share_files(source: Path, target: Path) -> list[str]:
    """Bring the class files of one suite's folder to another's; returns those that the target has otherwise."""
    differing = []
    for file in sorted(source.glob("classes-*.parquet")):
        known = _known(file) if _FILE.fullmatch(file.name) else None
        if known is None:
            continue
        target.mkdir(parents=True, exist_ok=True)
        there = _known(target / file.name)
        agree = there is None or there.begins_with(known.first(len(there))) or known.begins_with(there)
        if not agree or share(target, file.name[len("classes-") :], known) is None:
            differing.append(file.name)
    return differing


def shared(name: str, n: int, folders: Sequence[Path], scores: Path) -> ClassIds:
    """Class ids of n episodes from the first folder whose file has them; StoreError where none does.

    scores : the file that needs them
    """
    seen = "is not there"
    for folder in folders if _FILE.fullmatch(name) else ():
        try:
            known = read_classes(folder / name)
        except FileNotFoundError:
            continue
        except (OSError, StoreError) as error:
            seen = "is damaged" if isinstance(error, StoreError) else "can't be read"
            continue
        if len(known) >= n:
            return known.first(n)
        seen = f"ends after {len(known):,} of {n:,} episodes"
    raise StoreError(  # told without folders, for a page says it the same wherever it is generated
        f"{scores} leaves its class ids to {name} of its store, which {seen}.",
        "fix: copy that file from the store the run came from, or `bench merge THAT_STORE --into THIS_ONE`",
    )


def read_classes(file: Path) -> ClassIds:
    """The class ids in a file. StoreError when it is damaged, OSError when it is missing or can't be read now."""
    status = file.stat()
    return _read(file, (status.st_ino, status.st_mtime_ns, status.st_size))


def _known(file: Path) -> ClassIds | None:
    """None for a file that is missing or damaged: either has to be written anew."""
    try:
        return read_classes(file)
    except (FileNotFoundError, StoreError):
        return None


@functools.lru_cache(maxsize=8)  # every run of a suite wants the same one
def _read(file: Path, version: tuple[int, int, int]) -> ClassIds:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = file.read_bytes()
    try:
        table = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
        return ClassIds.read(table[CLASSES])
    except (pa.ArrowException, KeyError, OSError, ValueError) as error:  # OSError: a wrong checksum
        raise StoreError(f"{file} is not a readable class file: {first_line(error)}") from error


def _parquet(classes: ClassIds) -> bytes:
    import numpy as np
    import pyarrow as pa

    ends = np.concatenate([[0], np.cumsum(classes.lengths)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(classes.items))
    return table_bytes(pa.table({CLASSES: lists}), (), dictionary=[f"{CLASSES}.list.element"], checksums=True)
