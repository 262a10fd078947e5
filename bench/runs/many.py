"""Many jobs, one after the other: one that fails is a result, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Console

from bench.errors import authors_frames
from bench.runs.cell import carry_out
from bench.runs.job import Job
from bench.runs.outcome import Outcome

CarryOut = Callable[[Job, Console], Outcome]


def run_all(jobs: list[Job], console: Console, each: CarryOut = carry_out, whole: bool = False) -> Iterator[Outcome]:
    """Carry out the jobs in order, each when the next outcome is asked for, and say how it ended.

    whole : of what a learner raised say all frames, not the author's alone

    Data or disk errors end the iteration, for they would meet every job.
    """
    for number, job in enumerate(jobs, 1):
        outcome = each(job, console)
        console.print(
            f"[{number}/{len(jobs)}] {job.title}: {_verdict(outcome)}", highlight=False, markup=False, soft_wrap=True
        )
        if outcome.record and not outcome.cached and (trace := outcome.record.traceback):
            told = trace if whole else f"{authors_frames(trace)}\n  all frames: bench show {outcome.path} --traceback"
            console.print(told.strip("\n"), highlight=False, markup=False, soft_wrap=True)
        yield outcome


def _verdict(outcome: Outcome) -> str:
    record = outcome.record
    if record is not None and record.validation and record.status == "validated":
        found = record.validation
        return f"validation {outcome.job.suite.score_text(found.mean)} at step {found.step:,}, test not asked"
    if record is None or record.status != "ok":
        return f"{outcome.status}: {outcome.reason}"
    ranked = record.metrics[0]
    score = outcome.job.suite.score_text(ranked.mean)
    return f"{score} over {ranked.n:,} episodes{' (finished before)' if outcome.cached else ''}"
