"""The coverage table as markdown, between markers in a page."""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import UsageError
from bench.stats.coverage.scenario import Outcome

BEGIN = "<!-- coverage: begin (python -m bench.stats.coverage --write docs/statistics.md) -->"
END = "<!-- coverage: end -->"


def table(outcomes: Sequence[Outcome]) -> str:
    """One row a scenario: the claim, the method, how often it held, of how many, and the band it must fall in."""
    rows = [
        f"| {o.scenario.name} | {_code(o.scenario.method)} | {o.rate:.3f} | {o.scenario.repetitions} | {_band(o)} |"
        for o in outcomes
    ]
    return "\n".join(["| claim | method | held | of | expected |", "|---|---|---:|---:|---|", *rows])


def insert(page: str, block: str) -> str:
    """The page with `block` between its markers; the rest is untouched.

    >>> insert(f"before\\n{BEGIN}\\nold\\n{END}\\nafter\\n", "new") == f"before\\n{BEGIN}\\nnew\\n{END}\\nafter\\n"
    True
    """
    head, found_begin, rest = page.partition(BEGIN)
    _, found_end, tail = rest.partition(END)
    if not (found_begin and found_end):
        raise UsageError("Expected the coverage markers in the page; found none.", f"Add the lines\n{BEGIN}\n{END}")
    return f"{head}{BEGIN}\n{block}\n{END}{tail}"


def _code(method: str) -> str:
    if method.startswith("mistake"):
        return method
    name, *condition = method.split(" ", 1)
    return " ".join([f"`{name}`", *condition])


def _band(outcome: Outcome) -> str:
    low, high = outcome.scenario.low, outcome.scenario.high
    if low == high:
        return f"{low:.2f}"
    return f"at most {high:.2f}" if low == 0.0 else f"{low:.3g} to {high:.3g}"
