"""A learner as its source text describes it. Nothing is imported, so that listing needs no torch."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.learners.source import parse


@dataclass(frozen=True)
class LearnerInfo:
    """A learner as its source file describes it, nothing imported.

    name : the label that people type and boards show
    origin : which learner it is, however it was named: "baselines/maml.py", "entry point: package.module:Class" or
        "file.py:Class"
    transductive, trains : None where an option decides
    options : name -> (type, default) as written
    module : importable name, None for a loose file
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
    module: str | None = None
    doc: str = ""


def learner_classes(file: Path, any_class: bool = False) -> list[str]:
    """Classes of a file that state a family, in order (or all its classes); a base of several learners states none."""
    classes = [node for node in parse(file).body if isinstance(node, ast.ClassDef)]
    return [node.name for node in classes if any_class or any(_assigned(part) == "family" for part in node.body)]


def _assigned(node: ast.stmt) -> str | None:
    """The name that a statement gives a value to or declares, if it is one of a class's attributes."""
    target = (
        node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    )
    return target.id if isinstance(target, ast.Name) else None


def _base_names(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).split(".")[-1] for base in node.bases}


def read_info(name: str, file: Path, class_name: str, origin: str, module: str | None) -> LearnerInfo:
    tree = parse(file)
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
            options |= _options(parse(origin), origin, name)
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
            return _sibling(file, node.module)
    return None


def _literal(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node) if node else None
    except ValueError:
        return None


def _sibling(file: Path, module: str) -> Path | None:
    """The file of a module of the same folder, by the name it is imported by; None for any other module."""
    path = file.parent.joinpath(*module.removeprefix(f"{file.parent.name}.").split(".")).with_suffix(".py")
    return path if path.is_file() else None
