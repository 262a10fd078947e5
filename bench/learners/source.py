"""Identity of a learner's code: a hash over its file and the modules of its own folder that it imports."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path


def source_files(file: Path) -> list[Path]:
    """The learner's file and, transitively, every sibling module it imports; the file first, siblings sorted."""
    found: dict[Path, None] = {}
    waiting = [file.resolve()]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found[current] = None
            waiting.extend(_siblings(current))
    first = file.resolve()
    return [first, *sorted(path for path in found if path != first)]


def source_sha256(file: Path) -> str:
    """SHA-256 over names and contents (line ends normalised) of `source_files`."""
    digest = hashlib.sha256()
    for path in source_files(file):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def sibling(file: Path, module: str) -> Path | None:
    """The file of a module of the same folder, by the name it is imported by; None for any other module."""
    path = file.parent.joinpath(*module.removeprefix(f"{file.parent.name}.").split(".")).with_suffix(".py")
    return path if path.is_file() else None


def _siblings(file: Path) -> list[Path]:
    folder = file.parent
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes(), filename=str(file))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names.add(module)
            names.update(f"{module}.{alias.name}".strip(".") for alias in node.names)
    prefix = f"{folder.name}."
    found: set[Path] = set()
    for name in filter(None, names):
        parts = name.removeprefix(prefix).split(".")
        for depth in range(1, len(parts) + 1):  # importing a.b runs a/__init__.py too
            target = folder.joinpath(*parts[:depth])
            found.update(
                path.resolve() for path in (target.with_suffix(".py"), target / "__init__.py") if path.is_file()
            )
    return sorted(found)
