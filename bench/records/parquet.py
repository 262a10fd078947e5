"""Parquet files of the store: small ones written small, and errors a person can act on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import StoreError
from bench.records.files import first_line

if TYPE_CHECKING:
    import pandas as pd

AGAIN = "run the record's command again with --force"


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as a parquet file, column by column as it is; lists of integers become list<int32>."""
    import pyarrow as pa

    arrays = {
        str(name): pa.array(list(frame[name]), type=pa.list_(pa.int32()))
        if frame[name].dtype == object
        else pa.array(frame[name].to_numpy())
        for name in frame.columns
    }
    return table_bytes(pa.table(arrays), split=[name for name in arrays if frame[name].dtype.kind in "if"])


def table_bytes(table: Any, split: Sequence[str], dictionary: Sequence[str] = (), checksums: bool = False) -> bytes:
    """An arrow table as a parquet file without what small files don't need: statistics, arrow's own schema.

    split : columns of numbers whose bytes are stored in planes, which compress
    dictionary : columns with few different values
    checksums : of every page; whoever reads has to ask for their verification
    """
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        table.schema,
        compression="zstd",
        compression_level=19,
        use_dictionary=list(dictionary) or False,
        column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT") or None,
        write_statistics=False,
        store_schema=False,
        write_page_checksum=checksums,
    ) as writer:
        writer.write_table(table)
        if table.schema.metadata:  # goes only with arrow's own schema otherwise
            writer.add_key_value_metadata(table.schema.metadata)
    return buffer.getvalue()


def load_parquet(path: Path) -> pd.DataFrame:
    """A parquet file of the store, as it is; StoreError when it is missing or damaged."""
    frame: pd.DataFrame = read_table(path).to_pandas()
    return frame


def read_table(path: Path, content: bytes | None = None) -> Any:
    """A parquet file, or what is to become one, as an arrow table; StoreError when it is missing or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(pa.BufferReader(path.read_bytes() if content is None else content)).read()
    except FileNotFoundError:
        raise StoreError(f"{path} is missing: the run's files are incomplete.", f"fix: {AGAIN}") from None
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} is not a readable parquet file: {first_line(error)}", f"fix: {AGAIN}") from error
