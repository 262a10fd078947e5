"""The weights that a run scored: beside its record, or named in it and elsewhere."""

from __future__ import annotations

import shlex
from pathlib import Path

from bench.errors import Mismatch, StoreError
from bench.records.files import RECORD, file_sha256, read_record
from bench.records.schema import Record

CHECKPOINT = "checkpoint.safetensors"


def weights_of(run: Path, record: Record, given: Path | None = None, otherwise: str = "") -> Path | None:
    """The file of a run's weights, None where its learner has none.

    given : a copy that lies elsewhere
    otherwise : what else than fetching them would help

    Raises StoreError where they are not here, Mismatch where they are not those that were scored.
    """
    if record.checkpoint is None:
        return None
    file = given or run / CHECKPOINT
    if not file.is_file():
        raise not_here(run, record, otherwise)
    if (found := file_sha256(file)) != record.checkpoint.sha256:
        raise Mismatch(
            f"{file} is not the checkpoint that was scored: {found}, the record says {record.checkpoint.sha256}.",
            f"Delete it, then: {_fetch(run, record)}" + (f"; or {otherwise}" if otherwise else ""),
        )
    return file


def not_here(run: Path, record: Record, otherwise: str = "") -> StoreError:
    """The error for weights that a record names and that don't lie beside it."""
    assert record.checkpoint is not None
    uri = record.checkpoint.uri
    return StoreError(
        f"The weights of {run} are not here" + (f"; they are at {uri}." if uri else ", and its record names no store."),
        _fetch(run, record) + (f"; or {otherwise}" if otherwise else ""),
    )


def explain_missing(file: Path) -> StoreError | None:
    """The error for a path that is a run's place for its weights, None for any other path."""
    if file.name != CHECKPOINT or not (file.parent / RECORD).is_file():
        return None
    record = read_record(file.parent / RECORD)
    return not_here(file.parent, record) if record.checkpoint else None


def has_weights(run: Path, record: Record) -> bool:
    """Whether the weights that the record names lie beside it."""
    file = run / CHECKPOINT
    return record.checkpoint is not None and file.is_file() and file_sha256(file) == record.checkpoint.sha256


def _fetch(run: Path, record: Record) -> str:
    known = record.checkpoint is not None and record.checkpoint.uri
    return f"bench weights fetch {shlex.quote(str(run))}" + ("" if known else " --from STORE")
