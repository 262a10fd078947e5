"""Finding domains: the built-in three, and the entry points of installed packages."""

from __future__ import annotations

import importlib
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from bench.domains.contract import Domain
from bench.domains.task import TaskDefinition, TaskSpec
from bench.errors import UsageError, unknown_name

GROUP = "bench.domains"  # each entry point names a Domain class
_BUILT_IN = {  # in the words of an entry point, so that nothing here depends on what is found
    "classification": "bench.domains.images:Images",
    "regression": "bench.domains.functions:Functions",
    "exploration": "bench.domains.exploration:Exploration",
}


@lru_cache(maxsize=1)
def all_domains() -> dict[str, Domain]:
    """Every domain this process can see by kind, the built-in ones first.

    Raises UsageError for an entry point that gives none, or that takes a kind or a task that another one has.
    """
    domains: dict[str, Domain] = {}
    taken: set[str] = set()
    named = [(value, f"{kind} ({value})") for kind, value in _BUILT_IN.items()]
    named += [(point.value, f"Entry point {point.name!r} ({point.value})") for point in entry_points(group=GROUP)]
    for value, title in named:
        domain = _load(value, title)
        kinds = {task_kind(task) for task in domain.tasks}
        if domain.kind in domains or taken & kinds:
            doubled = domain.kind if domain.kind in domains else sorted(taken & kinds)[0]
            raise UsageError(f"{title} gives a domain for {doubled!r}, which there is already.", "Remove its package.")
        domains[domain.kind] = domain
        taken |= kinds
    return domains


def find_domain(kind: str) -> Domain:
    """The domain of a kind as records name it. Raises UsageError with the nearest kinds."""
    domains = all_domains()
    if kind not in domains:
        raise unknown_name("domain", kind, domains)
    return domains[kind]


def domain_of(task: TaskDefinition) -> Domain:
    """The domain that a task of a suites file belongs to."""
    return next(domain for domain in all_domains().values() if isinstance(task, domain.tasks))


def all_examples() -> dict[str, TaskSpec]:
    """The generated tasks that learners are checked on, of every domain by name."""
    return {name: spec for domain in all_domains().values() for name, spec in domain.examples.items()}


def task_definitions() -> dict[str, type[TaskDefinition]]:
    """Every definition of a task by its `kind`."""
    return {task_kind(task): task for domain in all_domains().values() for task in domain.tasks}


def task_kind(task: type[TaskDefinition]) -> str:
    (kind,) = task.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]  # of its Literal
    return str(kind)


def _load(value: str, title: str) -> Domain:
    module, _, name = value.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), name)
        made = found() if isinstance(found, type) and issubclass(found, Domain) else None
    except Exception as error:
        raise UsageError(
            f"{title} can't be loaded: {type(error).__name__}: {error}", "Reinstall or remove its package."
        ) from error
    if made is None:
        raise UsageError(f"{title} is no bench.domains.Domain.", "Name the class: module:Class.")
    return made
