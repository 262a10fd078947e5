"""Read a folder in the layout of a Hugging Face hub repository: `<config>/{train,test,...}-00000-of-00001.parquet`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.data.names import is_foreign
from bench.data.prepare import ImageFile
from bench.errors import DataInvalid

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.parquet$")


def shards(folder: Path, split: str) -> list[Path]:
    """The parquet files of one split in order, [] where there is none; DataInvalid naming a shard that is missing."""
    found = sorted(
        path
        for path in folder.rglob(f"{split}-*-of-*.parquet")
        if not any(map(is_foreign, path.relative_to(folder).parts))
    )
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


def class_counts(files: Sequence[Path], image_column: str, label_column: str) -> Counter[str]:
    """Rows of each class; both columns must be there, only the label column is read."""
    names = _class_names(files, image_column, label_column)
    rows = _rows(files, [label_column])
    counts: Counter[str] = Counter()
    for row in rows:
        counts[names[row[label_column]]] += 1
    return counts


def image_files(files: Sequence[Path], image_column: str, label_column: str) -> Iterator[ImageFile]:
    """Every row's undecoded image, in file and row order, streamed."""
    import datasets

    names = _class_names(files, image_column, label_column)
    rows = _rows(files, [image_column, label_column]).cast_column(image_column, datasets.Image(decode=False))
    for number, row in enumerate(rows):
        data = row[image_column]["bytes"]
        if not data:
            raise DataInvalid(f"row {number} of {files[0].parent} holds no image bytes in column {image_column!r}")
        yield ImageFile(names[row[label_column]], f"row {number}", partial(bytes, data))


def _class_names(files: Sequence[Path], image_column: str, label_column: str) -> list[str]:
    """The names in the label column's ClassLabel feature, the same in every shard; DataInvalid where one differs."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    names: list[str] = []
    for path in files:
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataInvalid(f"{path} is not a readable parquet file ({error})", "Get this file again.") from error
        if absent := [column for column in (image_column, label_column) if column not in schema.names]:
            raise DataInvalid(
                f"{path}: expected columns {image_column} and {label_column}; {' and '.join(absent)} missing, "
                f"found {', '.join(schema.names)}"
            )
        feature = datasets.Features.from_arrow_schema(schema)[label_column]
        if not isinstance(feature, datasets.ClassLabel):
            raise DataInvalid(
                f"{path}: expected class names in column {label_column!r} (a ClassLabel), found {feature}"
            )
        if names and feature.names != names:
            raise DataInvalid(f"{path}: its class names are not those of {files[0]}; both must be of one export")
        names = list(feature.names)
    return names


def _rows(files: Sequence[Path], columns: list[str]) -> Any:
    """A stream over the rows, a row group in memory at a time.

    Without these options Arrow reads ahead through the whole file, half a gigabyte in mini-ImageNet.
    """
    import datasets
    import pyarrow.dataset

    lean = pyarrow.dataset.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
    return datasets.IterableDataset.from_parquet(
        [str(path) for path in files], columns=columns, fragment_scan_options=lean
    )
