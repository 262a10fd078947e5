"""What a cell will probably cost, from earlier records: of the same cell, else of the same learner elsewhere."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from bench.records import Record, default_roots, each_run
from bench.runs.environment import machine
from bench.runs.job import Job
from bench.sweeps.plan import Estimate

_MEMORY_MIB = 700.0  # of a cell about which nothing is known: torch, a small network, images of a small suite
_EPISODE_S = 0.02  # of training, where no record says how long one takes
_START_S = 10.0
_Place = tuple[str, ...]


def known_costs(runs: Path) -> Costs:
    """From the published records and those below `runs`."""
    roots = list(dict.fromkeys([*default_roots(), runs]))
    return Costs((run.record for _, run in each_run(roots) if run.record), machine().hardware_class)


class Costs:
    """What records know about durations and memory.

    hardware : this machine's class; records of others are used where there are none of it, and named in the basis
    """

    def __init__(self, records: Iterable[Record], hardware: str) -> None:
        self._hardware = hardware
        self._same: dict[_Place, list[Record]] = defaultdict(list)
        self._learner: dict[_Place, list[Record]] = defaultdict(list)
        self._domain: dict[_Place, list[Record]] = defaultdict(list)
        for record in records:
            if record.status == "ok":
                self._same[_cell(record)].append(record)
                self._learner[(record.algorithm.origin, record.suite.kind)].append(record)
                self._domain[(record.suite.kind,)].append(record)

    def estimate(self, job: Job) -> Estimate:
        """Wall-clock seconds on one core and peak memory of the cell's process."""
        place = (job.info.origin, job.suite.name, job.recipe_name, job.settings.budget, _options(job.facts.options))
        alike = self._near(self._same[place])
        learner = self._near(self._learner[(job.info.origin, job.suite.kind)])
        domain = self._near(self._domain[(job.suite.kind,)])
        memory = _memory(alike or learner or domain)
        if alike:
            seconds = statistics.median(_seconds(record) for record in alike)
            return Estimate(round(seconds, 1), memory, self._basis(alike, "its earlier runs"))
        if not job.trains:
            known = [_seconds(record) for record in learner if not record.algorithm.trains]
            basis = self._basis(learner, "its runs on other suites") if known else "a guess"
            return Estimate(round(statistics.median(known or [_START_S]), 1), memory, basis)
        rates = [rate for record in learner if (rate := record.timing.train_episodes_per_s)]
        basis = self._basis(learner, "its speed on other suites")
        if not rates:
            rates = [rate for record in domain if (rate := record.timing.train_episodes_per_s)]
            basis = "the recipe, at the speed of other learners" if rates else "the recipe"
        rate = statistics.median(rates) if rates else 1 / _EPISODE_S
        return Estimate(round(job.recipe.steps * job.recipe.batch / rate + _START_S, 1), memory, basis)

    def _near(self, records: list[Record]) -> list[Record]:
        return [one for one in records if one.environment.hardware_class == self._hardware] or records

    def _basis(self, records: list[Record], what: str) -> str:
        here = any(record.environment.hardware_class == self._hardware for record in records)
        return what if here else f"{what}, on other hardware"


def _cell(record: Record) -> _Place:
    algorithm = record.algorithm
    return (algorithm.origin, record.suite.name, record.recipe, record.budget, _options(algorithm.options))


def _options(options: dict[str, object]) -> str:
    return repr(sorted(options.items()))


def _seconds(record: Record) -> float:
    """From start to end; of a training that was continued, at least what all attempts trained."""
    timing = record.timing
    whole = (datetime.fromisoformat(record.finished) - datetime.fromisoformat(record.started)).total_seconds()
    return max(whole, (timing.train_s or 0.0) + (timing.eval_s or 0.0))


def _memory(records: list[Record]) -> float:
    return max((record.memory.peak_host_mib or 0.0 for record in records), default=0.0) or _MEMORY_MIB
