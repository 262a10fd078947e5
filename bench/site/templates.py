"""HTML from plain values, by jinja2: every text that is not markup of bench's own is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent
GENERATOR = '<meta name="generator" content="bench">'  # by which the site's own pages are known


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(template: str, place: str, **values: Any) -> bytes:
    """A page. place : its path in the site, from which its links lead `root` first"""
    root = "../" * place.count("/")
    text = _environment().get_template(template).render(root=root, place=place, version=__version__, **values)
    return text.encode()


def static() -> dict[str, bytes]:
    """The stylesheet and the script."""
    return {file.name: file.read_bytes() for file in sorted((_HERE / "static").iterdir())}
