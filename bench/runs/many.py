"""Many runs, one after the other: a failed one is a result, and the others go on."""

from __future__ import annotations

from rich.console import Console

from bench.runs.request import Request
from bench.runs.run import Outcome, run


def run_all(requests: list[Request], console: Console) -> list[Outcome]:
    """Carry out the requests in order. Data or disk errors stop everything, for they would meet every run."""
    outcomes = []
    for number, request in enumerate(requests, 1):
        outcome = run(request, console)
        outcomes.append(outcome)
        console.print(
            f"[{number}/{len(requests)}] {request.title}: {_verdict(outcome)}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    return outcomes


def _verdict(outcome: Outcome) -> str:
    record = outcome.record
    if record.status != "ok":
        return f"{record.status}: {record.reason}"
    ranked = record.metrics[0]
    return f"{ranked.name} {ranked.mean:.4f} over {ranked.n:,} episodes{' (finished before)' if outcome.cached else ''}"
