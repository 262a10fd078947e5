"""Finding a suite by name: the standard file, a user's `--tasks FILE`, and entry points of installed packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from bench.errors import UsageError, unknown_name
from bench.resources import resource
from bench.tasks.suites import Suite, parse_suites

GROUP = "bench.suites"  # each entry point names a function or constant that gives the path of a suites file


def all_suites(extra: Path | None = None) -> dict[str, Suite]:
    """Every suite this process can see, standard ones first. A name may be declared once only."""
    suites = dict(parse_suites(resource("tasks.yaml")))
    files = [_entry_file(point) for point in entry_points(group=GROUP)]
    for path in [*files, *([extra] if extra else [])]:
        for name, suite in parse_suites(path).items():
            if name in suites:
                raise UsageError(
                    f"{path}: suite {name!r} is declared twice", "Rename yours; released suites never change."
                )
            suites[name] = suite
    return suites


def find_suite(name: str, extra: Path | None = None) -> Suite:
    """The suite called `name`. Raises UsageError with the nearest names."""
    suites = all_suites(extra)
    if name not in suites:
        raise unknown_name("suite", name, suites)
    return suites[name]


def _entry_file(point: EntryPoint) -> Path:
    try:
        loaded = point.load()
        return Path(loaded() if callable(loaded) else loaded)
    except Exception as error:
        raise UsageError(
            f"Entry point {point.name!r} ({point.value}) gives no suites file: {type(error).__name__}: {error}",
            "Reinstall or remove its package.",
        ) from error
