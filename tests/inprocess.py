"""Resolving and running in the test's own process, where its patches reach and no process has to start."""

from __future__ import annotations

from rich.console import Console

from bench.runs.facts import answer
from bench.runs.job import Job, Settings
from bench.runs.outcome import Outcome
from bench.runs.progress import Display
from bench.runs.resolve import resolve
from bench.runs.run import run


def resolve_here(algo: str, suite: str, seeds: list[int], settings: Settings) -> list[Job]:
    return list(resolve(algo, suite, seeds, settings, answer, lambda text: None).jobs)


def run_here(job: Job, console: Console) -> Outcome:
    with Display(console, job.title, job.suite.metric) as display:
        return run(job, display)
