"""Where the files that ship with bench lie: inside an installed wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Path of a file or folder by its place in the repository, such as `tasks.yaml`: the packaged copy, else that one.

    Raises FileNotFoundError when neither is there, which means a broken installation.
    """
    for candidate in (_PACKAGE / "_packaged" / name, _PACKAGE.parent / name):
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"{name} is neither in {_PACKAGE}/_packaged nor in {_PACKAGE.parent}; reinstall meta-bench")


def repository() -> Path | None:
    """The checkout that this package runs from, or None for an installed wheel."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "leaderboards").is_dir() else None
