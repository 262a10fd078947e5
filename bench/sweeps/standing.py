"""How a sweep stands as a whole, for who looks again and again: cells that are over are not read twice."""

from __future__ import annotations

from bench.records.unchanged import signature
from bench.sweeps.plan import Cell, Plan, load_plan
from bench.sweeps.state import State, outcome, state


class Standing:
    """The states of a plan's cells, by key."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self._written = plan, signature(plan.file)
        self._over: dict[str, State] = {}

    def again(self) -> None:
        """Read the plan anew where it was written since: somebody has added cells."""
        if (written := signature(self.plan.file)) != self._written:
            self.plan, self._written = load_plan(self.plan.folder), written

    def open(self) -> list[Cell]:
        """Cells that are neither done nor failed."""
        return [cell for cell in self.plan.cells if not self._seen(cell).over]

    def states(self) -> dict[str, State]:
        """Of every cell, with who works on it."""
        return {cell.key: self._over.get(cell.key) or state(self.plan, cell) for cell in self.plan.cells}

    def _seen(self, cell: Cell) -> State:
        found = self._over.get(cell.key) or outcome(self.plan, cell)
        if found.over:
            self._over[cell.key] = found
        return found
