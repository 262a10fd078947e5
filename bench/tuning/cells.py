"""Trials as cells of a sweep: planned, carried out by its workers, read from the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BenchError, UsageError
from bench.records import Record
from bench.sweeps.costs import Costs
from bench.sweeps.plan import Cell, Plan, find_plan
from bench.sweeps.planning import plan_cells
from bench.sweeps.state import State, outcome
from bench.sweeps.sweepfile import Entry


@dataclass
class Cells:
    """Carries out entries of one learner on one suite as cells of `plan`, which grows by them.

    run : brings every cell of a plan to its end (`bench.sweeps.engine`)
    say : told what a person should know
    """

    plan: Plan
    data_dir: Path | None
    costs: Costs
    run: Callable[[Plan], None]
    say: Callable[[str], None]

    def __call__(self, entries: Sequence[Entry]) -> list[dict[int, Record | str]]:
        """Of each entry, its record or the reason why there is none, by seed.

        An entry that can't be resolved is such a reason, too: a way that the data doesn't have, say.
        """
        planned = [self._planned(entry) for entry in entries]
        cells = {cell.key: cell for found in planned if not isinstance(found, str) for cell in found}
        if cells:
            with suppress(UsageError):  # the first of its name
                self.plan = self.plan.joined(find_plan(str(self.plan.folder), self.plan.runs))
            self.plan = replace(self.plan, cells=tuple(cells.values())).joined(self.plan)
            self.plan.save()
            self.plan.revive()
            self.run(self.plan)
        return [
            dict.fromkeys(entry.seeds, found) if isinstance(found, str) else self._found(found)
            for entry, found in zip(entries, planned, strict=True)
        ]

    def _planned(self, entry: Entry) -> list[Cell] | str:
        try:
            found = plan_cells([entry], self.plan.runs, self.plan.tasks_file, self.data_dir, self.costs)
        except BenchError as error:
            return error.message
        for notice in dict.fromkeys(found.notices):
            self.say(notice)
        return found.cells

    def _found(self, cells: list[Cell]) -> dict[int, Record | str]:
        return {cell.request.seed or 0: _result(outcome(self.plan, cell)) for cell in cells}


def _result(state: State) -> Record | str:
    if state.stage == "done" and state.record:
        return state.record
    return state.reason or "it was stopped"
