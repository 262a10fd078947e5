"""Identity of a learner's code: a hash over its files as syntax trees.

A tree has no comments, no formatting and no docstrings, so that only what runs counts.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from bench.learners.source import Layout, parse, source_files


def code_sha256(file: Path) -> str:
    """SHA-256 over the trees of `source_files`, each with its dotted name; that of the file itself is left out."""
    first, root = file.resolve(), Layout.of(file).root
    digest = hashlib.sha256()
    for path in source_files(file):
        name = "" if path == first else path.relative_to(root).with_suffix("").as_posix()
        digest.update(f"{name}\0{normalised(parse(path))}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def normalised(tree: ast.AST) -> str:
    """A tree as text, the same under every Python: no positions, docstrings, `pass` or empty fields.

    >>> normalised(ast.parse("x = 1  # one")) == normalised(ast.parse('"doc"\\nx=(1)'))
    True
    """
    parts: list[str] = []
    waiting: list[object] = [tree]  # a stack of its own: long sums nest deeper than Python calls
    while waiting:
        value = waiting.pop()
        if isinstance(value, _Text):
            parts.append(value)
        elif isinstance(value, ast.AST):
            waiting.append(_Text(")"))
            for name, field in reversed(list(ast.iter_fields(value))):
                kept = _kept(field) if isinstance(field, list) else field
                if name not in ("kind", "type_comment") and kept is not None and kept != []:
                    waiting += [kept, _Text(f"{name}=")]
            parts.append(f"{type(value).__name__}(")
        elif isinstance(value, list):
            waiting += [_Text("]"), *reversed(value)]
            parts.append("[")
        else:
            parts.append(f"{type(value).__name__}:{value!a},")
    return "".join(parts)


class _Text(str):
    """Not a value of the tree."""


def _kept(items: list[object]) -> list[object]:
    """Statements without those that do nothing: docstrings and other lone constants, `pass`."""
    return [
        item
        for item in items
        if not (isinstance(item, ast.Pass) or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)))
    ]
