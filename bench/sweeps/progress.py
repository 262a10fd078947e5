"""Where each cell of a sweep is, put together from its events, and when the whole will probably be done."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from bench.sweeps.events import Event, Tail
from bench.sweeps.plan import Cell, Plan


@dataclass
class Where:
    """Of one cell, as far as its events tell.

    stage : "open", "running", "done", "failed"
    step, total : of the phase it is in; share : of the whole cell, guessed from phases
    began, base : when the last attempt did, seconds since the epoch, and at which share
    """

    stage: str = "open"
    worker: str = ""
    phase: str = ""
    step: int = 0
    total: int = 0
    validation: float | None = None
    loss: float | None = None
    began: float = 0.0
    base: float = 0.0
    seconds: float = 0.0
    reason: str = ""
    mean: float | None = None  # of the ranked metric over the test episodes

    @property
    def share(self) -> float:
        """Between 0 and 1: training counts for most of a cell, for it is."""
        part = self.step / self.total if self.total else 0.0
        return 0.9 * part if self.phase == "training" else 0.9 + 0.1 * part if self.phase else 0.0


class Progress:
    """Reads a sweep's events as they come."""

    def __init__(self, plan: Plan) -> None:
        self.cells = {cell.key: Where() for cell in plan.cells}
        self._tail = Tail(plan.folder)

    def read(self) -> list[Event]:
        """What is new."""
        events = self._tail.new()
        for event in events:
            if event.cell:
                _take(self.cells.setdefault(event.cell, Where()), event)
        return events


def seconds_left(cells: Iterable[Cell], where: dict[str, Where], workers: int) -> float:
    """Until the last cell is over, if `workers` share the rest evenly and estimates err alike for all.

    Estimates are scaled by what finished cells really took.
    """
    pairs = [(cell, where.get(cell.key, Where())) for cell in cells]
    over = [(cell, at) for cell, at in pairs if at.stage in ("done", "failed")]
    expected = sum(cell.estimate.seconds for cell, at in over if at.seconds)
    scale = sum(at.seconds for _, at in over) / expected if expected else 1.0
    left = [_left(cell, at, scale) for cell, at in pairs if at.stage not in ("done", "failed")]
    return max(sum(left) / max(workers, 1), max(left, default=0.0))


def _left(cell: Cell, at: Where, scale: float) -> float:
    covered = at.share - at.base
    if at.stage == "running" and covered > 0.05:  # its own pace is known better than any estimate
        return (time.time() - at.began) / covered * (1 - at.share)
    return cell.estimate.seconds * (1 - at.share) * scale


def _take(at: Where, event: Event) -> None:
    values = event.values
    match event.event:
        case "claimed":
            at.stage, at.worker, at.began = "running", event.worker, event.seconds
            at.phase, at.step, at.total, at.base, at.reason = "", 0, 0, 0.0, ""
        case "phase":
            first = not at.phase
            at.phase, at.total = str(values.get("phase")), int(values.get("total") or 0)
            at.step = int(values.get("done") or 0)
            at.base = at.share if first else at.base
        case "training":
            at.step, at.loss = int(values.get("step") or 0), values.get("loss")
            at.validation = at.validation if values.get("validation") is None else values["validation"]
        case "scored":
            at.step = int(values.get("done") or 0)
        case "ended":
            at.stage = "done" if values.get("status") in ("ok", "skipped", "validated") else "failed"
            at.seconds, at.reason = float(values.get("seconds") or 0), str(values.get("reason") or "")
            if values.get("mean") is not None:
                at.mean = values["mean"]
        case "given_up" | "refused":
            at.stage, at.reason = "failed" if event.event == "given_up" else "open", str(values.get("reason"))
        case "retried":
            at.stage, at.reason = "open", str(values.get("reason"))
        case "note" if str(values.get("text", "")).startswith("stopped"):
            at.stage = "open"
