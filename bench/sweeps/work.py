"""A worker: it claims cells that nobody works on, longest first, carries them out, and stops when none is left."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import StoreError, UsageError
from bench.records.lease import Busy, is_free, lease, owner_of
from bench.runs.memory import machine_mib
from bench.sweeps.attempt import try_cell
from bench.sweeps.events import EventLog, worker_name
from bench.sweeps.plan import Cell, Plan, load_plan
from bench.sweeps.state import claim_file, outcome

_POLL_S = 1.0
_SHARE_OF_MEMORY = 0.85  # of the machine's, for cells that run beside each other


@dataclass(frozen=True)
class Share:
    """Which cells are a worker's: number `index` of `of` equal shares, or the named ones."""

    index: int = 0
    of: int = 1
    keys: frozenset[str] | None = None

    @classmethod
    def parse(cls, text: str) -> Share:
        """
        >>> Share.parse("2/8")
        Share(index=2, of=8, keys=None)
        """
        index, _, of = text.partition("/")
        if not (index.isdecimal() and of.isdecimal() and int(index) < int(of)):
            raise UsageError(f"--shard must be i/n with i from 0 to n - 1, found {text!r}.", "Example: --shard 0/8")
        return cls(int(index), int(of))

    def cells(self, plan: Plan) -> list[Cell]:
        """Longest first; every share gets long ones and short ones."""
        mine = plan.longest_first[self.index :: self.of]
        return [cell for cell in mine if self.keys is None or cell.key in self.keys]


class Worker:
    """One process that works on a sweep.

    stay : wait while others work on the last cells, for they may be lost
    memory_mib : what cells on this machine may take together; a cell that would take more waits, unless it is alone,
        and one that takes more alone is ended before the system ends something else
    """

    def __init__(
        self, folder: Path, data_dir: Path | None = None, stay: bool = False, memory_mib: float | None = None
    ) -> None:
        self.folder, self.data_dir, self.stay = folder, data_dir, stay
        self.memory_mib = memory_mib or _SHARE_OF_MEMORY * machine_mib()
        self.events = EventLog(folder)
        self._share, self._left = Share(), set[str]()  # cells that need no second look
        self._waiting = False  # for room, with a cell that nobody works on

    def work(self, share: Share) -> None:
        """Until nothing is left of the share, or the sweep is cancelled. Raises KeyboardInterrupt, StoreError."""
        self._share, self._left = share, set()
        self.events.tell("started")
        try:
            while not (plan := load_plan(self.folder)).cancelled:
                with ExitStack() as claim:
                    cell = self._claim(plan, claim)
                    if cell:
                        try_cell(plan, cell, self.data_dir, self.events, self.memory_mib)
                        self._left.add(cell.key)  # over, or not for us
                if cell is None:
                    if not (self._waiting or (self.stay and self._others_at_work(plan))):
                        return
                    time.sleep(_POLL_S)
        finally:
            with suppress(StoreError):
                self.events.tell("stopped")

    def _claim(self, plan: Plan, claim: ExitStack) -> Cell | None:
        """The longest cell that is free and fits into memory; its claim is held by `claim`."""
        host, self._waiting = worker_name().partition(":")[0], False
        with lease(self.folder / f".choosing-{host}", wait=True):  # one after the other, for they count memory
            beside = [other for other in plan.cells if _runs_on(host, plan, other)]
            for cell in self._share.cells(plan):
                if cell.key in self._left or cell in beside:
                    continue
                if not self._fits(cell, beside):
                    self._waiting = self._waiting or not outcome(plan, cell).over
                    continue
                try:
                    claim.enter_context(lease(claim_file(plan, cell), patience=0))
                except Busy:
                    continue
                if not outcome(plan, cell).over:
                    return cell
                self._left.add(cell.key)
                claim.close()
        return None

    def _fits(self, cell: Cell, beside: list[Cell]) -> bool:
        taken = sum(other.estimate.memory_mib for other in beside)
        return not beside or taken + cell.estimate.memory_mib <= self.memory_mib

    def _others_at_work(self, plan: Plan) -> bool:
        return any(not outcome(plan, cell).over for cell in self._share.cells(plan) if cell.key not in self._left)


def _runs_on(host: str, plan: Plan, cell: Cell) -> bool:
    claim = claim_file(plan, cell)
    owner = owner_of(claim) if claim.exists() else None
    return owner is not None and owner.host == host and not is_free(claim)
