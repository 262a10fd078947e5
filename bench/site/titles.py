"""What suites are called, where they are declared."""

from __future__ import annotations

from functools import cache

from bench.tasks.registry import all_suites
from bench.tasks.suites import Suite


def suite_title(name: str) -> str:
    """The title in the suites file; "" for a suite that is not declared here."""
    suite = _suites().get(name)
    return suite.title if suite else ""


@cache
def _suites() -> dict[str, Suite]:
    return all_suites()
