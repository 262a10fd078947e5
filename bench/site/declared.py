"""Suites as they are declared on this machine."""

from __future__ import annotations

from functools import cache

from bench.tasks.registry import all_suites
from bench.tasks.suites import Suite


def declared(name: str) -> Suite | None:
    """The suite of that name; None for one that only records know."""
    return _suites().get(name)


def suite_title(name: str) -> str:
    """The title in the suites file, "" without one."""
    suite = declared(name)
    return suite.title if suite else ""


@cache
def _suites() -> dict[str, Suite]:
    return all_suites()
