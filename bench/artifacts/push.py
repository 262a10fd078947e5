"""Weights from runs to a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.artifacts.place import Place
from bench.artifacts.weights import Weights
from bench.errors import Mismatch
from bench.records import Record
from bench.records.amend import replace_record
from bench.records.names import BUNDLE
from bench.records.weights import has_weights


@dataclass(frozen=True)
class Pushed:
    """What a push did: `sent` to the store, `there` already, `absent`: not beside their records, so not sent."""

    sent: tuple[Weights, ...]
    there: tuple[Weights, ...]
    absent: tuple[Weights, ...]


def push(wanted: Sequence[Weights], place: Place) -> Pushed:
    """Bring weights to a store, each once, and note in each record where they lie, if others can reach that.

    The records of packed runs stay as they are: they are listed by their hash. Raises StoreError for what the store
    refuses, and Mismatch, before anything is sent, for weights that are not those of their record.
    """
    here = [weights for weights in wanted if weights.here]
    for weights in here:
        if not has_weights(weights.run, weights.record):
            raise Mismatch(f"{weights.file} is not the checkpoint that was scored.", "Delete or restore it.")
    known = place.has([weights.name for weights in here])
    place.put({weights.name: weights.file for weights in here if weights.name not in known})
    for weights in here:
        address = place.address(weights.name)
        if address and weights.recorded.uri != address and not (weights.run / BUNDLE).exists():
            replace_record(weights.run, lambda record, address=address: _lying_at(record, address))  # type: ignore[misc]
    return Pushed(
        sent=tuple(weights for weights in here if weights.name not in known),
        there=tuple(weights for weights in here if weights.name in known),
        absent=tuple(weights for weights in wanted if not weights.here),
    )


def _lying_at(record: Record, address: str) -> Record:
    assert record.checkpoint is not None
    return record.model_copy(update={"checkpoint": record.checkpoint.model_copy(update={"uri": address})})
