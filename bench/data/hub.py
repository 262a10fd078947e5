"""Read a folder in the layout of a Hugging Face hub repository: `<config>/{train,test,...}-00000-of-00001.parquet`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.data.prepare import ImageFile
from bench.errors import DataInvalid

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.parquet$")


def shards(folder: Path, split: str) -> list[Path]:
    """The parquet files of one split in order, [] where there is none; DataInvalid naming a shard that is missing."""
    found = sorted(folder.rglob(f"{split}-*-of-*.parquet"))
    if not found:
        return []
    numbered = [_SHARD.search(path.name) for path in found]
    if None in numbered:
        raise DataInvalid(f"{found[numbered.index(None)]} is not named {split}-00000-of-00001.parquet")
    present = {int(match[1]) for match in numbered if match}
    expected = {int(match[2]) for match in numbered if match}
    if len(expected) != 1 or len(present) != len(found):
        raise DataInvalid(f"{folder} mixes shards of different exports of split {split!r}")
    if missing := sorted(set(range(expected.pop())) - present):
        raise DataInvalid(f"{folder}: shard {missing[0]:05d} of split {split!r} is missing ({len(missing)} in all)")
    return found


def revision_of(files: Sequence[Path], revision: str) -> str | None:
    """`revision` where `bench data fetch` brought the files: it puts them below a folder of that name."""
    return revision if all(revision in path.parts for path in files) else None


def class_counts(files: Sequence[Path], label_column: str) -> Counter[str]:
    """Rows of each class; only the label column is read."""
    rows, names = _open(files, [label_column], label_column)
    counts: Counter[str] = Counter()
    for row in rows:
        counts[names[row[label_column]]] += 1
    return counts


def image_files(files: Sequence[Path], image_column: str, label_column: str) -> Iterator[ImageFile]:
    """Every row's undecoded image, in file and row order, streamed."""
    import datasets

    rows, names = _open(files, [image_column, label_column], label_column)
    rows = rows.cast_column(image_column, datasets.Image(decode=False))
    for number, row in enumerate(rows):
        data = row[image_column]["bytes"]
        if not data:
            raise DataInvalid(f"row {number} of {files[0].parent} holds no image bytes in column {image_column!r}")
        yield ImageFile(names[row[label_column]], f"row {number} of {files[0].parent}", partial(bytes, data))


def _open(files: Sequence[Path], columns: list[str], label_column: str) -> tuple[Any, list[str]]:
    """A stream over the files' rows and the class names; they stand in the label column's ClassLabel feature."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in files:
        try:
            present = set(pq.read_schema(path).names)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataInvalid(f"{path} is not a readable parquet file ({error})", "Get this file again.") from error
        if absent := set(columns) - present:
            raise DataInvalid(
                f"{path}: expected columns {', '.join(columns)}; {', '.join(sorted(absent))} is missing, "
                f"found {', '.join(sorted(present))}"
            )
    rows = datasets.IterableDataset.from_parquet([str(path) for path in files], columns=columns)
    feature = rows.features[label_column]
    if not isinstance(feature, datasets.ClassLabel):
        raise DataInvalid(
            f"{files[0]}: expected class names in column {label_column!r} (a ClassLabel), found {feature}"
        )
    return rows, list(feature.names)
