"""What TAB offers: learners, suites and runs. Free of torch; whatever goes wrong, it offers nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_TOO_MANY = 2_000  # runs: nobody looks through more, and a shell waits for them


def algos(incomplete: str) -> list[str]:
    """Learners, also after a comma."""
    from bench.learners.registry import all_learners

    return _continued(incomplete, all_learners)


def suites(incomplete: str) -> list[str]:
    """Suites, also after a comma."""
    from bench.tasks.registry import all_suites

    return _continued(incomplete, all_suites)


def algos_and_suites(incomplete: str) -> list[str]:
    return algos(incomplete) + suites(incomplete)


def runs(incomplete: str) -> list[str]:
    """Keys of runs below the published results and ./runs."""
    from bench.records import RunStore, default_roots

    def keys() -> list[str]:
        return sorted({key for root in default_roots() for key in RunStore(root).run_keys()})

    return _offered(incomplete, keys)[:_TOO_MANY]


def runs_and_suites(incomplete: str) -> list[str]:
    return runs(incomplete) + suites(incomplete)


def _continued(incomplete: str, names: Callable[[], Iterable[str]]) -> list[str]:
    *before, last = incomplete.split(",")
    return [",".join([*before, name]) for name in _offered(last, names) if name not in before]


def _offered(begun: str, names: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return [name for name in names() if name.startswith(begun)]
    except Exception:  # a shell that waits for an answer is no place for an error: the command itself will tell
        return []
