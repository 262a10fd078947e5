"""A sweep as a matrix, learners x suites: what is done, what runs, what failed and why, what is missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bench.records import Record
from bench.sweeps.plan import Cell, Plan
from bench.sweeps.progress import Progress, Where
from bench.sweeps.standing import Standing
from bench.sweeps.state import Stage, State

_STAGES: tuple[Stage, ...] = ("done", "running", "failed", "open")
_NAMES: dict[Stage, str] = {"open": "missing"}


class Matrix:
    """How every cell of a plan stands now."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.states = Standing(plan).states()
        progress = Progress(plan)
        progress.read()
        self._where = progress.cells
        self._places: dict[tuple[str, str], list[Cell]] = {}
        for cell in plan.cells:
            self._places.setdefault((_label(cell), cell.request.suite), []).append(cell)

    @property
    def suites(self) -> list[str]:
        return list(dict.fromkeys(suite for _, suite in self._places))

    @property
    def learners(self) -> list[str]:
        return list(dict.fromkeys(learner for learner, _ in self._places))

    def text(self, learner: str, suite: str) -> str:
        """The cells of one learner on one suite: `3 done`, `1 done, 1 running 45 %`, `-` where none is planned."""
        cells = self._places.get((learner, suite), [])
        counts = Counter(self.states[cell.key].stage for cell in cells)
        shares = [self.at(cell).share for cell in cells if self.states[cell.key].stage == "running"]
        parts = [f"{counts[stage]} {_NAMES.get(stage, stage)}" for stage in _STAGES if counts[stage]]
        if shares:
            parts = [f"{part} {sum(shares) / len(shares):.0%}" if "running" in part else part for part in parts]
        return ", ".join(parts) or "-"

    def at(self, cell: Cell) -> Where:
        return self._where.get(cell.key, Where())

    @property
    def failures(self) -> list[tuple[str, str]]:
        """(cell, why) of those that failed."""
        failed = [(cell, self.states[cell.key]) for cell in self.plan.cells]
        return [(cell.title, found.reason) for cell, found in failed if found.stage == "failed"]

    @property
    def tracebacks(self) -> list[str]:
        """Of those that failed in the learner's own code, in their order."""
        records = [state.record for state in map(self.states.get, (cell.key for cell in self.plan.cells)) if state]
        return [record.traceback for record in records if record and record.status == "failed" and record.traceback]

    @property
    def counts(self) -> dict[str, int]:
        counts = Counter(found.stage for found in self.states.values())
        return {_NAMES.get(stage, stage): counts[stage] for stage in _STAGES}

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        cells = [self._plain(cell, self.states[cell.key]) for cell in self.plan.cells]
        return {"sweep": self.plan.name, "cancelled": self.plan.cancelled, "counts": self.counts, "cells": cells}

    def _plain(self, cell: Cell, found: State) -> dict[str, Any]:
        at, request = self.at(cell), cell.request
        running = found.stage == "running"
        return {
            "key": cell.key,
            "algo": cell.algorithm,
            "suite": request.suite,
            "seed": request.seed,
            "recipe": request.recipe,
            "state": _NAMES.get(found.stage, found.stage),
            "reason": found.reason or None,
            "worker": str(found.owner) if found.owner else None,
            "phase": at.phase if running else None,
            "step": at.step if running else None,
            "total": at.total if running else None,
            "validation": at.validation if running else None,
            "estimate_s": cell.estimate.seconds,
            **_result(found.record),
        }


def _result(record: Record | None) -> dict[str, Any]:
    ranked = record.metrics[0] if record and record.metrics else None
    return {"metric": ranked and ranked.name, "mean": ranked and ranked.mean}


def _label(cell: Cell) -> str:
    """A learner as a row: with its recipe, budget and options where they were asked for."""
    asked = cell.request
    budget = None if asked.budget == "full" else asked.budget
    options = [f"{name}={value}" for name, value in (asked.set | asked.train).items()]
    extra = [part for part in (asked.recipe, budget, asked.precision, *options) if part]
    return cell.algorithm + (f" ({', '.join(extra)})" if extra else "")
