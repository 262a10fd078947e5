"""Which files a learner's code is: its own and every module below its import root that it imports.

Imports are found in the text, also those inside functions; a module imported by a name that is computed is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError


@dataclass(frozen=True)
class Layout:
    """Where a learner's file lies among its modules.

    root : folder that its absolute imports start from
    module : its dotted name below `root`
    """

    root: Path
    module: str

    @classmethod
    def of(cls, file: Path) -> Layout:
        """The layout of a file: `root` is the first folder above it that is no package."""
        file = file.resolve()
        parts, folder = [file.stem], file.parent
        while (folder / "__init__.py").is_file():
            parts.insert(0, folder.name)
            folder = folder.parent
        return cls(folder, ".".join(parts))

    @property
    def package(self) -> str:
        """The top-level package of the file, "" for a file that stands alone."""
        top, dot, _ = self.module.partition(".")
        return top if dot else ""

    @property
    def installed(self) -> bool:
        """Whether all kinds of packages lie beside this one."""
        return self.root.name in ("site-packages", "dist-packages", "_packaged")


def source_files(file: Path) -> list[Path]:
    """The learner's file and, transitively, every module of its own that it imports; the file first, others sorted.

    Of a package that is installed its own modules count and what lies beside the file, of one that is not what lies
    beside the package, too; of a file that stands alone everything below its folder. Raises UsageError naming file and
    line where one of them is not Python.
    """
    first = file.resolve()
    layout = Layout.of(first)
    found: dict[Path, None] = {}
    waiting = [first, *_initialisers(layout.root, first)]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found[current] = None
            waiting.extend(path for path in _imported(current, first, layout) if path not in found)
    return [first, *sorted(path for path in found if path != first)]


def parse(file: Path) -> ast.Module:
    """Raises UsageError naming file and line where it is not Python."""
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except SyntaxError as error:
        raise UsageError(f"{file}:{error.lineno}: {error.msg}", "Fix the syntax error and run again.") from None
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes, expressions nested too deeply
        raise UsageError(f"{file} is not Python: {error}", "Restore the file.") from None


def _imported(file: Path, learner: Path, layout: Layout) -> Iterator[Path]:
    """Own modules that a file imports, with the packages above them."""
    for node in ast.walk(parse(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _absolute(alias.name, learner, layout)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module or ''}.{alias.name}".strip(".") for alias in node.names]
            for name in ([node.module] if node.module else []) + names:
                if not node.level:
                    yield from _absolute(name, learner, layout)
                elif node.level <= len(file.relative_to(layout.root).parts):
                    yield from _below(file.parents[node.level - 1], name, layout)


def _absolute(name: str, learner: Path, layout: Layout) -> Iterator[Path]:
    """By the name of its package, or by a bare name beside the learner's file, whose folder is on the path."""
    top = name.partition(".")[0]
    if layout.package:
        if top == layout.package or (not layout.installed and top != "bench"):
            yield from _below(layout.root, name, layout)
    elif top == learner.parent.name:  # a folder without __init__.py can be imported from, too
        yield from _below(learner.parent.parent, name, layout)
    yield from _below(learner.parent, name, layout)


def _below(folder: Path, name: str, layout: Layout) -> Iterator[Path]:
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):  # importing a.b runs a/__init__.py too
        target = folder.joinpath(*parts[:depth])
        for path in (target.with_name(f"{target.name}.py"), target / "__init__.py"):
            if path.is_file() and path.is_relative_to(layout.root):  # where it was found, wherever a link leads
                yield path
                yield from _initialisers(layout.root, path)


def _initialisers(root: Path, file: Path) -> Iterator[Path]:
    """`__init__.py` of every package between the root and a file."""
    folder = file.parent
    while folder != root and folder.is_relative_to(root):
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py"
        folder = folder.parent
