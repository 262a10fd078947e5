"""Tables as plain HTML, to be placed in any page."""

from __future__ import annotations

from html import escape

from bench.boards.tables import Table


def html_table(table: Table) -> str:
    """A `<table>` with a caption; everything is escaped, numbers are aligned right. Sources are a list below it."""
    style = [' style="text-align: right"' if right else "" for right in table.right]
    lines = ["<table>", f"<caption>{escape(table.title)}</caption>"]
    lines.append(_row([escape(header) for header in table.headers], ["" for _ in style], "th"))
    for i, row in enumerate(table.rows):
        cells = [f"<strong>{escape(c)}</strong>" if (i, j) in table.strong else escape(c) for j, c in enumerate(row)]
        lines.append(_row(cells, style, "td"))
    lines.append("</table>")
    if table.sources:
        links = [f'<li><a href="{escape(url)}">{escape(title)}</a></li>' for title, url in table.sources]
        lines += ["<ol>", *links, "</ol>"]
    return "\n".join(lines)


def _row(cells: list[str], style: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}{s}>{c}</{tag}>" for c, s in zip(cells, style, strict=True)) + "</tr>"
