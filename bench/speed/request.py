"""What is asked of a process that measures. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench.runs.job import Job

CARRY_OUT, MACHINE = "bench.speed.measure:carry_out", "bench.speed.measure:machine"  # as `processes.call` takes them


@dataclass(frozen=True)
class Request:
    """job : resolved; the others as `measure` takes them"""

    job: Job
    seconds: float
    episodes: int | None = None
