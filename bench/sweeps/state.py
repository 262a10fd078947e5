"""What has become of a cell: read from the store and from who holds its claim, never from the plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.errors import StoreError
from bench.records import Record, RunStore
from bench.records.lease import Owner, is_free, owner_of
from bench.records.names import CLAIM
from bench.sweeps.attempts import Attempts
from bench.sweeps.plan import Cell, Plan

Stage = Literal["done", "failed", "running", "open"]


@dataclass(frozen=True)
class State:
    """record : the run's, where there is one; reason : of a failure; owner : who works on it, where that is known."""

    stage: Stage
    record: Record | None = None
    reason: str = ""
    owner: Owner | None = None

    @property
    def over(self) -> bool:
        return self.stage in ("done", "failed")


def claim_file(plan: Plan, cell: Cell) -> Path:
    """The lease that a worker holds while it works on a cell, in this sweep or another one of the same store."""
    place = RunStore(plan.runs).path(cell.request.suite, cell.algorithm, cell.key)
    return place.with_name(CLAIM + cell.key)


def attempts_at(plan: Plan, cell: Cell) -> Attempts:
    return Attempts.of(plan.runs, cell.key, plan.again_since)


def state(plan: Plan, cell: Cell) -> State:
    """A cell that has its record, or needs no more tries, is over; otherwise somebody works on it or may begin."""
    found = outcome(plan, cell)
    if found.over:
        return found
    claim = claim_file(plan, cell)
    if claim.exists() and not is_free(claim):
        return State("running", found.record, owner=owner_of(claim))
    return found


def outcome(plan: Plan, cell: Cell) -> State:
    """The same without asking who works on it: done, failed or open."""
    record, attempts = _record(plan, cell), attempts_at(plan, cell)
    if record and _enough(record, cell):
        return State("done", record)
    if record and record.status in ("failed", "timeout") and record.finished >= plan.again_since:
        again = record.failure in ("lost", "memory") and not attempts.exhausted
        return State("open" if again else "failed", record, record.reason or "")
    if attempts.gave_up:
        return State("failed", record, attempts.failed[-1].reason)
    return State("open", record)


def _enough(record: Record, cell: Cell) -> bool:
    if not cell.request.test:
        return record.status in ("ok", "skipped", "validated")
    return record.status == "skipped" or (record.status == "ok" and record.episodes >= cell.episodes)


def _record(plan: Plan, cell: Cell) -> Record | None:
    store = RunStore(plan.runs)
    path = store.find(cell.request.suite, cell.algorithm, cell.key)
    try:
        return store.read(path) if path else None
    except StoreError:  # torn: the cell is carried out again
        return None
