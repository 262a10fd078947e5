"""Weights from a store to the runs that scored them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.artifacts.place import Place, open_address
from bench.artifacts.weights import Weights
from bench.data.progress import OnProgress
from bench.errors import BenchError, StoreError
from bench.records.files import RECORD, explain, read_record, replace_file
from bench.records.lease import lease
from bench.records.names import LEASE
from bench.records.weights import has_weights


@dataclass(frozen=True)
class Fetched:
    """Weights that were wanted. `new`: they were not here. `problem`: why they still are not."""

    weights: Weights
    new: bool = False
    problem: BenchError | None = None


def fetch(
    wanted: Sequence[Weights], place: Place | None = None, on_progress: OnProgress | None = None
) -> Iterator[Fetched]:
    """Bring weights beside their records; those that are here already are looked at and left.

    place : where they are [default: where each record says]

    Downloads wait in `.weights` of the runs' directory until their hash is right, so that an interrupted one continues
    and a run is never seen with half of its weights. What one of them meets does not keep the others.
    """
    for weights in wanted:
        try:
            if has_weights(weights.run, weights.record):
                yield Fetched(weights)
                continue
            _fetch(weights, place, on_progress)
        except BenchError as error:
            yield Fetched(weights, problem=error)
        else:
            yield Fetched(weights, new=True)


def _fetch(weights: Weights, place: Place | None, on_progress: OnProgress | None) -> None:
    recorded, name = weights.recorded, weights.name
    if place is None:
        if recorded.uri is None:
            raise StoreError(f"The record of {weights.run} does not say where its weights lie.", "Add --from STORE.")
        place, name = open_address(recorded.uri)
    run: Path = weights.run.resolve()
    arrived = run.parents[2] / ".weights" / weights.name
    place.get(name, arrived, recorded.sha256, recorded.bytes, on_progress)
    with lease(run.with_name(LEASE + run.name), wait=True):
        now = read_record(run / RECORD).checkpoint
        if now is None or now.sha256 != recorded.sha256:
            raise StoreError(f"{weights.run} is another run by now.", "Run the same command again.")
        try:
            replace_file(weights.file, arrived)
            arrived.unlink()
        except OSError as error:
            raise explain(error, weights.file) from error
