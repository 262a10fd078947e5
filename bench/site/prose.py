"""Text that people wrote in markdown, as HTML. Nothing in it is taken for HTML, and only web addresses are links."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_ARXIV = re.compile(r"arXiv:\s?(\d{4}\.\d{4,5})")
_TABLE = re.compile(r"</?table>")


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def markdown(text: str) -> Markup:
    """Blocks: paragraphs, lists, tables. Headings are one level lower than written, for they stand within a page's own;
    links that lead into the repository become their text."""
    tokens = _reader().parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1]) + 1}"
        if token.children:
            token.children = list(_without_local_links(token.children))
    html = _reader().renderer.render(tokens, _reader().options, {})
    return Markup(_TABLE.sub(_scrolling, html))


def _scrolling(tag: re.Match[str]) -> str:
    return '<div class="scroll"><table>' if tag[0] == "<table>" else "</table></div>"


def _without_local_links(tokens: Sequence[Token]) -> list[Token]:
    kept, dropped = [], False
    for token in tokens:
        if token.type == "link_open":
            dropped = not str(token.attrGet("href")).startswith("https://")
        if not (dropped and token.type in ("link_open", "link_close")):
            kept.append(token)
    return kept


def arxiv(text: str) -> list[str]:
    """The numbers of the papers on arXiv that a text names.

    >>> arxiv("Reptile (Nichol et al. 2018, arXiv:1803.02999): move")
    ['1803.02999']
    """
    return list(dict.fromkeys(_ARXIV.findall(text)))
