"""Tables as plain HTML, to be placed in any page."""

from __future__ import annotations

from html import escape

from bench.boards.tables import Table


def html_table(table: Table) -> str:
    """A `<table>` with a caption; everything is escaped, numbers are aligned right."""
    style = [' style="text-align: right"' if right else "" for right in table.right]
    lines = ["<table>", f"<caption>{escape(table.title)}</caption>"]
    lines.append(_row(table.headers, ["" for _ in style], "th"))
    lines += [_row(row, style, "td") for row in table.rows]
    return "\n".join([*lines, "</table>"])


def _row(cells: tuple[str, ...], style: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}{s}>{escape(c)}</{tag}>" for c, s in zip(cells, style, strict=True)) + "</tr>"
