"""Resolving and running in the test's own process, where its patches reach and no process has to start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from bench.runs.facts import answer
from bench.runs.job import Job, Settings
from bench.runs.many import run_all
from bench.runs.outcome import Outcome
from bench.runs.progress import Display
from bench.runs.resolve import resolve
from bench.runs.run import run


def resolve_here(algo: str, suite: str, seeds: list[int], settings: Settings) -> list[Job]:
    return list(resolve(algo, suite, seeds, settings, answer, lambda text: None).jobs)


def finish_here(algos: list[str], suite: str, runs: Path, **settings: Any) -> list[Outcome]:
    """Finished runs, as `bench run` leaves them: the same command finds them without asking the learner's code."""
    asked = Settings(**{"device": "cpu", "runs": runs} | settings)
    resolved = [resolve(algo, suite, [0], asked, answer, lambda text: None) for algo in algos]
    jobs = [job for resolution in resolved for job in resolution.jobs]
    outcomes = list(run_all(jobs, Console(quiet=True), run_here))
    for resolution in resolved:
        resolution.remember()
    return outcomes


def run_here(job: Job, console: Console) -> Outcome:
    with Display(console, job.title, job.suite.score_text) as display:
        return run(job, display)
