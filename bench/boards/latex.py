"""Tables for papers: LaTeX with booktabs."""

from __future__ import annotations

from bench.boards.tables import Table

_SPECIAL = {c: f"\\{c}" for c in "{}_&%$#"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "—": "---",
    "…": r"\dots{}",
}


def latex_table(table: Table) -> str:
    """A tabular with booktabs rules (`\\usepackage{booktabs}`), the title as a comment above it, sources below."""
    columns = "".join("r" if right else "l" for right in table.right)
    rows = []
    for i, row in enumerate(table.rows):
        cells = [rf"\textbf{{{escape(c)}}}" if (i, j) in table.strong else escape(c) for j, c in enumerate(row)]
        rows.append(r" & ".join(cells) + r" \\")
    head = r" & ".join(map(escape, table.headers)) + r" \\"
    lines = [f"% {' '.join(table.title.split())}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule"]
    sources = [f"% [{i}] {title}: {url}" for i, (title, url) in enumerate(table.sources, 1)]
    return "\n".join([*lines, *rows, r"\bottomrule", r"\end{tabular}", *sources])


def escape(text: str) -> str:
    """Any text as LaTeX text on one line.

    >>> print(escape("98.27 ± 0.14 % of a_b"))
    98.27 $\\pm$ 0.14 \\% of a\\_b
    """
    return "".join(_SPECIAL.get(c, c) for c in " ".join(text.split()))
