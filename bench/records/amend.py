"""Changing what stands in a record after its run: verifications, a speed, where its weights lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.records.files import RECORD, explain, read_record, record_bytes, replace_file
from bench.records.lease import lease
from bench.records.names import LEASE
from bench.records.schema import Record


def replace_record(folder: Path, change: Callable[[Record], Record]) -> Record:
    """Change record.json in `folder`, as a whole and under the run's lease; returns the new record.

    Raises StoreError when the file can't be read or written; it then is as it was.
    """
    path = folder / RECORD
    with lease(folder.with_name(LEASE + folder.name), wait=True):
        record = change(read_record(path))
        try:
            replace_file(path, record_bytes(record))
        except OSError as error:
            raise explain(error, path) from error
    return record
