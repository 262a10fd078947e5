"""A result under verification, read with nothing believed: files in, typed values out, no submitted code touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError, Mismatch, StoreError
from bench.records import Record, RunStore
from bench.records.compact import read_scores_file
from bench.records.files import RECORD, first_line, read_record
from bench.records.parquet import load_parquet
from bench.records.store import CURVE, RECIPE, SCORES
from bench.submissions.bundle import BundleFile, Checklist, read_bundle_file, read_checklist
from bench.submissions.plain import check_length, demand_name, demand_plain, read_plain_yaml
from bench.tasks.suites import MANIFEST_EPISODES

if TYPE_CHECKING:
    import pandas as pd

_MAX_COLUMNS, _MAX_VALUES, _MAX_BYTES = 64, MANIFEST_EPISODES * 1_000, 256 << 20  # 1,000 classes an episode at most


@dataclass(frozen=True)
class Entry:
    """One result: a packed bundle, or a stored run (`bundle` and `checklist` are then None)."""

    folder: Path
    bundle: BundleFile | None
    checklist: Checklist | None
    record: Record
    recipe: dict[str, Any]

    def scores(self) -> pd.DataFrame:
        """The per-episode scores as the file says. Raises Mismatch for one that can't be read.

        A bundle's file holds its class ids; a stored run may leave them to its store.
        """
        find = None if self.bundle else RunStore(self.folder).class_ids(self.folder)
        return _modest(self.folder / SCORES, lambda path: read_scores_file(path, find))

    def curve(self) -> pd.DataFrame | None:
        path = self.folder / CURVE
        return _modest(path, load_parquet) if path.is_file() else None

    @property
    def trained(self) -> bool:
        """Did this run train? recipe.yaml holds steps exactly then."""
        return "steps" in self.recipe


def read_entry(folder: Path) -> Entry:
    """Raises Mismatch naming the file and field that is malformed."""
    bundle = read_bundle_file(folder)
    check_length(folder / RECORD)
    check_length(folder / RECIPE)
    try:
        record = read_record(folder / RECORD)
        if (folder / RECIPE).is_file():
            read_plain_yaml(folder / RECIPE)
        recipe = RunStore(folder).read_recipe(folder)
    except (StoreError, RecursionError) as error:
        raise Mismatch(str(error.message) if isinstance(error, BenchError) else f"{RECORD}: nested too deep") from None
    demand_plain(RECORD, record.model_dump())
    demand_plain(RECIPE, recipe)
    demand_name("the suite", record.suite.name)
    demand_name("the learner", record.algorithm.name)
    return Entry(folder, bundle, read_checklist(folder) if bundle else None, record, recipe or {})


def _modest(path: Path, read: Callable[[Path], pd.DataFrame]) -> pd.DataFrame:
    """A parquet file whose own table of contents is modest: a small file can claim billions of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        contents = pq.read_metadata(path)
        groups = [contents.row_group(i) for i in range(contents.num_row_groups)]
        values = sum(group.column(i).num_values for group in groups for i in range(group.num_columns))
        size = sum(group.total_byte_size for group in groups)
        modest = (
            contents.num_rows <= MANIFEST_EPISODES
            and contents.num_columns <= _MAX_COLUMNS
            and values <= _MAX_VALUES
            and size <= _MAX_BYTES
        )
        if not modest:
            raise Mismatch(f"{path.name} claims {contents.num_rows:,} rows and {values:,} values: not scores of a run.")
        return read(path)
    except StoreError as error:
        raise Mismatch(error.message.replace(f"{path.parent}/", "")) from None
    except (OSError, pa.ArrowException) as error:
        raise Mismatch(f"{path.name} is not a readable parquet file: {first_line(error)}") from None
