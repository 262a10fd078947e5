"""Finding learners: the baselines that ship, entry points of installed packages, and `path/file.py:Class`.

Listing reads source text only, so that `bench list` starts without torch; `load` imports.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError, unknown_name
from bench.learners.source import sibling
from bench.resources import resource

if TYPE_CHECKING:
    from bench.learners.contract import Learner

GROUP = "bench.learners"


@dataclass(frozen=True)
class LearnerInfo:
    """A learner as its source file describes it, nothing imported.

    transductive : None where an option decides
    options : name -> (type, default) as written
    """

    name: str
    file: Path
    class_name: str
    origin: str
    title: str = ""
    family: str = "?"
    transductive: bool | None = False
    trains: bool | None = True
    options: dict[str, tuple[str, str]] = field(default_factory=dict)
    module: str | None = None  # importable name, None for a loose file
    doc: str = ""


_registered: dict[str, LearnerInfo] = {}


def register(name: str, learner: type[Learner]) -> None:
    """Make a class known under `name` in this process (entry points and `file.py:Class` need no call)."""
    module = sys.modules[learner.__module__]
    if not module.__file__:
        raise UsageError(f"{learner.__name__} was not defined in a file, so its source can't be recorded.")
    _registered[name] = _read(
        name, Path(module.__file__), learner.__name__, f"registered: {learner.__module__}", module.__name__
    )


def all_learners() -> dict[str, LearnerInfo]:
    """Every learner that has a name: baselines, entry points, registered ones."""
    learners: dict[str, LearnerInfo] = {}
    folder = resource("baselines")
    for path in sorted(folder.glob("*.py")):
        for class_name in _learner_classes(path):
            learners[path.stem] = _read(path.stem, path, class_name, f"baselines/{path.name}", f"baselines.{path.stem}")
    for point in entry_points(group=GROUP):
        if point.name in learners:
            raise UsageError(
                f"The entry point {point.value} takes the name {point.name!r}, which is {learners[point.name].origin}.",
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
        learners[point.name] = _read(point.name, Path(spec.origin), class_name, f"entry point: {point.value}", module)
    return learners | _registered


def find_learner(name: str) -> LearnerInfo:
    """A learner by name or `path/file.py:Class`. Raises UsageError with the nearest names."""
    if ".py" in name:
        return _loose(name)
    learners = all_learners()
    if name not in learners:
        raise unknown_name("algo", name, learners)
    return learners[name]


def load(info: LearnerInfo) -> type[Learner]:
    """Import the class. Raises UsageError if the import fails or the class is not a `bench.Learner`."""
    from bench.learners.contract import Learner

    try:
        module = _import(info)
        found: Any = getattr(module, info.class_name)
    except Exception as error:
        raise UsageError(
            f"Can't import {info.class_name} from {info.file}: {type(error).__name__}: {error}",
            f"Try: python {info.file}",
        ) from error
    if not (isinstance(found, type) and issubclass(found, Learner)):
        raise UsageError(
            f"{info.origin} is not a subclass of bench.Learner.", "See `bench new NAME` for a working one."
        )
    return found


def _import(info: LearnerInfo) -> Any:
    if info.module:
        folder = resource("baselines").parent
        if info.module.startswith("baselines.") and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        return importlib.import_module(info.module)
    name = f"bench_user_{info.file.stem}"
    spec = importlib.util.spec_from_file_location(name, info.file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    if str(info.file.parent) not in sys.path:
        sys.path.insert(0, str(info.file.parent))  # the file may import its neighbours
    spec.loader.exec_module(module)
    return module


def _loose(name: str) -> LearnerInfo:
    path, _, class_name = name.rpartition(":")
    if not path.endswith(".py") or not class_name:
        raise UsageError(f"Expected --algo path/file.py:Class, found {name!r}.", "Name the class after the colon.")
    file = Path(path)
    if not file.is_file():
        raise UsageError(f"No such file: {file}", "Check the path before the colon of --algo.")
    if class_name not in (classes := _learner_classes(file, any_class=True)):
        raise unknown_name(f"class in {file}", class_name, classes)
    return _read(class_name.lower(), file, class_name, name, None)


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno}: {error.msg}", "Fix the syntax error and run again.") from None


def _learner_classes(file: Path, any_class: bool = False) -> list[str]:
    """Classes of a file that state a family, in order (or all its classes); a base of several learners states none."""
    classes = [node for node in _parse(file).body if isinstance(node, ast.ClassDef)]
    return [node.name for node in classes if any_class or any(_assigned(part) == "family" for part in node.body)]


def _assigned(node: ast.stmt) -> str | None:
    """The name that a statement gives a value to or declares, if it is one of a class's attributes."""
    target = (
        node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    )
    return target.id if isinstance(target, ast.Name) else None


def _base_names(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split(".")[-1] for base in node.bases}


def _read(name: str, file: Path, class_name: str, origin: str, module: str | None) -> LearnerInfo:
    tree = _parse(file)
    doc = ast.get_docstring(tree) or ""
    attributes: dict[str, Any] = {}
    found = _class(tree.body, class_name)
    if found and "Explorer" in _base_names(found):
        attributes["family"] = "exploration"  # inherited, unless the body says otherwise
    for node in found.body if found else ():
        if (attribute := _assigned(node)) and isinstance(node, ast.Assign | ast.AnnAssign):
            attributes[attribute] = _literal(node.value)
        elif isinstance(node, ast.FunctionDef):
            attributes[node.name] = None
    return LearnerInfo(
        name=name,
        file=file,
        class_name=class_name,
        origin=origin,
        title=doc.splitlines()[0] if doc else "",
        family=str(attributes.get("family") or "?"),
        transductive=attributes.get("transductive", False),
        trains=attributes.get("trains", True),
        options=_options(tree, file, class_name),
        module=module,
        doc=doc,
    )


def _options(tree: ast.Module, file: Path, class_name: str) -> dict[str, tuple[str, str]]:
    """A class's options as written: those it inherits, from a class of the file or of a sibling, then its own."""
    found = _class(tree.body, class_name)
    own = _class(found.body, "Options") if found else None
    bases = [ast.unparse(base) for base in (own.bases if own else found.bases if found else ())]
    options: dict[str, tuple[str, str]] = {}
    for base in reversed(bases):  # the first one counts most
        name = base.removesuffix(".Options")
        if _class(tree.body, name):
            options |= _options(tree, file, name)
        elif origin := _imported_from(tree, file, name):
            options |= _options(_parse(origin), origin, name)
    for field_ in own.body if own else ():
        if isinstance(field_, ast.AnnAssign) and isinstance(field_.target, ast.Name):
            default = ast.unparse(field_.value) if field_.value else "(required)"
            options[field_.target.id] = (ast.unparse(field_.annotation), default)
    return options


def _class(body: Iterable[ast.stmt], name: str) -> ast.ClassDef | None:
    return next((node for node in body if isinstance(node, ast.ClassDef) and node.name == name), None)


def _imported_from(tree: ast.Module, file: Path, name: str) -> Path | None:
    """The sibling of a file that it imports a name from."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and name in {alias.name for alias in node.names}:
            return sibling(file, node.module)
    return None


def _literal(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node else None
    except ValueError:
        return None
