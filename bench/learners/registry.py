"""Finding learners: the baselines that ship, entry points of installed packages, and `path/file.py:Class`.

A name belongs to one learner: neither an installed nor a loose one can take another's.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import UsageError, unknown_name
from bench.learners.loading import load
from bench.learners.reading import LearnerInfo, learner_classes, read_info
from bench.resources import resource

if TYPE_CHECKING:
    from bench.learners.contract import Learner

__all__ = ["GROUP", "LearnerInfo", "all_learners", "find_learner", "load", "loose_learner", "register"]

GROUP = "bench.learners"

_registered: dict[str, LearnerInfo] = {}


def register(name: str, learner: type[Learner]) -> None:
    """Make a class known under `name` in this process (entry points and `file.py:Class` need no call).

    Raises UsageError where the name is another learner's.
    """
    module = sys.modules[learner.__module__]
    if not module.__file__:
        raise UsageError(f"{learner.__name__} was not defined in a file, so its source can't be recorded.")
    _refuse_taken(name, f"{module.__name__}:{learner.__name__}")
    _registered[name] = read_info(
        name,
        Path(module.__file__),
        learner.__name__,
        f"registered: {module.__name__}:{learner.__name__}",
        module.__name__,
    )


def all_learners() -> dict[str, LearnerInfo]:
    """Every learner that has a name: baselines, entry points, registered ones."""
    return _baselines() | _installed() | _registered


def find_learner(name: str) -> LearnerInfo:
    """A learner by name or `path/file.py:Class`. Raises UsageError with the nearest names.

    A path that leads to an installed learner's own file names that learner.
    """
    if ".py" in name:
        return _loose(name)
    if found := _registered.get(name) or _baseline(name) or _installed().get(name):
        return found
    raise unknown_name("algo", name, all_learners())


def _baselines() -> dict[str, LearnerInfo]:
    stems = sorted(path.stem for path in resource("baselines").glob("*.py"))
    return {stem: info for stem in stems if (info := _baseline(stem))}


def _baseline(name: str) -> LearnerInfo | None:
    path = resource("baselines") / f"{name}.py"
    if not name.isidentifier() or not path.is_file():
        return None
    classes = learner_classes(path)
    return read_info(name, path, classes[-1], f"baselines/{path.name}", f"baselines.{name}") if classes else None


def _installed() -> dict[str, LearnerInfo]:
    learners: dict[str, LearnerInfo] = {}
    for point in entry_points(group=GROUP):
        if (taken := _baseline(point.name) or learners.get(point.name)) is not None:
            raise UsageError(
                f"The entry point {point.value} takes the name {point.name!r}, which is {taken.origin}.",
                "Rename it in its package: a name belongs to one learner.",
            )
        module, _, class_name = point.value.partition(":")
        try:
            spec = importlib.util.find_spec(module)
        except ImportError:  # the package above it is missing
            spec = None
        if spec is None or not spec.origin:
            raise UsageError(
                f"Entry point {point.name!r} names {point.value}, which can't be found.", "Reinstall its package."
            )
        learners[point.name] = read_info(
            point.name, Path(spec.origin), class_name, f"entry point: {point.value}", module
        )
    return learners


def _loose(name: str) -> LearnerInfo:
    path, _, class_name = name.rpartition(":")
    if not path.endswith(".py") or not class_name:
        raise UsageError(f"Expected --algo path/file.py:Class, found {name!r}.", "Name the class after the colon.")
    file = Path(path)
    if not file.is_file():
        raise UsageError(f"No such file: {file}", "Check the path before the colon of --algo.")
    if class_name not in (classes := learner_classes(file, any_class=True)):
        raise unknown_name(f"class in {file}", class_name, classes)
    label = class_name.lower()
    known = _baseline(file.stem), _baseline(label), _registered.get(label), _installed().get(label)
    for info in known:
        if info and info.file.resolve() == file.resolve() and info.class_name == class_name:
            return info
    _refuse_taken(label, f"{file}:{class_name}")
    return read_info(label, file, class_name, f"{file.name}:{class_name}", None)


def loose_learner(file: Path, class_name: str, name: str) -> LearnerInfo:
    """A class of a file under a name of the caller's choice, for code that came with a result."""
    if class_name not in (classes := learner_classes(file, any_class=True)):
        raise unknown_name(f"class in {file}", class_name, classes)
    return read_info(name, file, class_name, f"{file.name}:{class_name}", None)


def _refuse_taken(name: str, by: str) -> None:
    if taken := _baseline(name) or _installed().get(name):
        raise UsageError(
            f"{by} would be called {name!r}, which is {taken.origin}.",
            f"Rename the class: a name belongs to one learner. (To measure that one: --algo {name})",
        )
