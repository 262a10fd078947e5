"""What a plan will probably cost: cell by cell, and the whole with so many workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.runs.progress import duration
from bench.sweeps.plan import Cell, Plan
from bench.sweeps.progress import Where, seconds_left
from bench.sweeps.standing import Standing
from bench.sweeps.state import State


@dataclass(frozen=True)
class Expected:
    """states : by key; seconds : of all open cells one after the other; wall : with `workers` of them at once"""

    plan: Plan
    states: dict[str, State]
    workers: int
    seconds: float
    wall: float

    @classmethod
    def of(cls, plan: Plan, workers: int) -> Expected:
        states = Standing(plan).states()
        open_cells = [cell for cell in plan.cells if not states[cell.key].over]
        where = {cell.key: Where("done") for cell in plan.cells if states[cell.key].over}
        seconds = sum(cell.estimate.seconds for cell in open_cells)
        return cls(plan, states, workers, seconds, seconds_left(plan.cells, where, workers))

    @property
    def cells(self) -> list[Cell]:
        return self.plan.longest_first

    @property
    def summary(self) -> str:
        left = sum(not found.over for found in self.states.values())
        at_once = f"{self.workers} at once" if self.workers > 1 else "one at a time"
        return (
            f"{self.plan.name}: {len(self.plan.cells)} cells, {left} to be done: {duration(self.seconds)} of work,"
            f" about {duration(self.wall)} with {at_once}"
        )

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "sweep": self.plan.name,
            "seconds": round(self.seconds, 1),
            "wall_seconds": round(self.wall, 1),
            "workers": self.workers,
            "cells": [
                {
                    "key": cell.key,
                    "algo": cell.algorithm,
                    "suite": cell.request.suite,
                    "seed": cell.request.seed,
                    "state": self.states[cell.key].stage,
                    "seconds": cell.estimate.seconds,
                    "memory_mib": round(cell.estimate.memory_mib),
                    "basis": cell.estimate.basis,
                }
                for cell in self.cells
            ],
        }
