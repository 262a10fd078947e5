"""Importing a learner's class: an installed one by its module, a loose one as a package of its own."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args

from bench.errors import UsageError, describe
from bench.learners.reading import LearnerInfo
from bench.learners.source import Layout, source_files
from bench.resources import resource

if TYPE_CHECKING:
    from bench.learners.contract import Learner


def load(info: LearnerInfo) -> type[Learner]:
    """Import the class and see that it says what every learner must say.

    Raises UsageError if the import fails, the class is not a `bench.Learner`, names no family or has wrong `Options`.
    """
    from bench.learners.contract import Family, Learner

    try:
        found: Any = getattr(_module(info), info.class_name)
    except Exception as error:
        raise UsageError(
            f"Can't import {info.class_name} from {info.file}: {describe(error)}",
            f"Try: python {info.file}",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Learner)):
        raise UsageError(
            f"{info.origin} is not a subclass of bench.Learner.", "See `bench new NAME` for a working one."
        )
    family = getattr(found, "family", None)
    if family not in get_args(Family):
        raise UsageError(
            f"{info.origin} must declare its family, found {family!r}.",
            f"Add a line to the class: family = one of {', '.join(map(repr, get_args(Family)))}.",
        )
    options: Any = found.Options
    fields = _annotated(options)
    if not dataclasses.is_dataclass(options) or fields != {field.name for field in dataclasses.fields(options)}:
        raise UsageError(
            f"{info.origin}: its Options must be a dataclass.", "Put @dataclass on the line before `class Options`."
        )
    return found


def load_anew(info: LearnerInfo) -> type[Learner]:
    """The class as a new process would see it: its own modules are executed once more, so that what they and their
    classes have gathered meanwhile is not there. Raises as `load` does."""
    own = {str(file) for file in source_files(info.file)}
    before = {name: module for name, module in sys.modules.items() if getattr(module, "__file__", None) in own}
    for name in before:
        del sys.modules[name]
    try:
        return load(info)
    finally:
        sys.modules.update(before)


def _annotated(options: type) -> set[str]:
    """Names that would be fields of a dataclass."""
    return {
        name
        for base in options.__mro__[:-1]
        for name, kind in inspect.get_annotations(base).items()
        if "ClassVar" not in str(kind)
    }


def _module(info: LearnerInfo) -> ModuleType:
    if info.module is None:
        return _loose_module(info.file.resolve())
    return installed_module(info.module)


def installed_module(name: str) -> ModuleType:
    """A module by its name. Those of the baselines are found wherever these lie."""
    if name.startswith("baselines."):
        folder = str(resource("baselines").parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
    return importlib.import_module(name)


def _loose_module(file: Path) -> ModuleType:
    """The module of a loose file. It may import its neighbours by bare name, relatively, or by the name of its package.

    Modules of the same names that belong to other files, such as another adapter's `helper.py`, make room first: what
    was built from them keeps them.
    """
    layout = Layout.of(file)
    folders = [str(folder) for folder in dict.fromkeys([file.parent, layout.root])]
    _forget_namesakes(file.parent, layout)
    sys.path[:] = [*folders, *(place for place in sys.path if place not in folders)]
    importlib.invalidate_caches()
    if layout.package:
        sys.modules.pop(layout.module, None)
        return importlib.import_module(layout.module)
    package = f"bench_loose_{hashlib.sha256(str(file.parent).encode()).hexdigest()[:12]}"
    if package not in sys.modules:
        parent = ModuleType(package)
        parent.__path__ = [str(file.parent)]
        sys.modules[package] = parent
    name = f"{package}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _forget_namesakes(folder: Path, layout: Layout) -> None:
    """Drop modules that the file's own ones would be mistaken for: other files under the top-level names it can use.

    Modules of the standard library and of installed packages stay: a neighbour called like one of them never counted.
    """
    own = {entry.stem for entry in folder.iterdir() if entry.suffix == ".py" or (entry / "__init__.py").is_file()}
    if layout.package:
        own.add(layout.package)
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top not in own or top in sys.stdlib_module_names:
            continue
        file = getattr(module, "__file__", None)
        place = Path(file).resolve() if file else None
        installed = place is not None and "site-packages" in place.parts
        if place is None or not (place.is_relative_to(layout.root) or installed):
            del sys.modules[name]
