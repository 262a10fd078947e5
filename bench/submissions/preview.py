"""Results from anywhere laid out as a store, so that boards can be made with them before they are accepted."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.records import RunStore
from bench.records.classes import share_files
from bench.submissions.container import opened
from bench.submissions.entry import read_entry


@contextmanager
def laid_out(entries: Sequence[Path]) -> Iterator[Path]:
    """A temporary store that holds a copy of every entry: bundles (folder or zip) or stored runs.

    No code of theirs is imported, nothing is unpickled. Raises what `opened` raises, and Mismatch for files that can't
    be read; whether the entries are true is for `bench verify` to say.
    """
    with tempfile.TemporaryDirectory(prefix="bench-preview-") as scratch:
        store = RunStore(Path(scratch) / "results")
        for path in entries:
            with opened(path) as folder:
                entry = read_entry(folder)
                entry.scores()  # a file that claims billions of rows is refused before a board loads it
                record = entry.record
                place = store.path(record.suite.name, record.algorithm.name, record.key)
                shutil.copytree(folder, place, dirs_exist_ok=True)
                if entry.bundle is None:
                    share_files(folder.resolve().parent.parent, place.parent.parent)
        yield store.root
