"""How numbers and tables are written, whatever they are of.

What learners and users wrote is shown as text in every format, never as markup.
"""

from __future__ import annotations

import math
from html import escape as escape_html

from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.rows import ErrorSummary, MetricSpec
from bench.boards.render.table import NONE, Table
from bench.stats import Interval, Rank

_SYMMETRIC = {"t", "crossed-t", "open-t", "paired-t", "across-suites"}  # methods whose ends are mean ± half

_LONGEST_CELL = 300  # an error message of a learner may be pages long
_MARKUP = str.maketrans({c: f"\\{c}" for c in "\\`*_[]|~#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
_LATEX = {c: f"\\{c}" for c in "{}_&%$#"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "—": "---",
    "…": r"\dots{}",
}


def score_text(interval: Interval, unit: str) -> str:
    """Mean and half-width, `98.27 ± 0.14` (fractions in percent); both ends where they are not symmetric about it.

    >>> score_text(Interval(0.98271, 0.98133, 0.98409, 0.0007, 0.03, 2000, "t"), "fraction")
    '98.27 ± 0.14'
    >>> score_text(Interval(0.223, 0.21, 0.25, 0.01, 0.4, 2000, "bootstrap-t"), "squared target unit")
    '0.223 [0.210, 0.250]'
    >>> score_text(Interval(0.00111, 0.00095, 0.0013, 0.08, 3.5, 2000, "log-t"), "squared target unit")
    '0.00111 [0.00095, 0.00130]'
    """
    scale, half, digits = _scale(interval, unit)
    if interval.method not in _SYMMETRIC:
        digits = max(digits, _two_digits(scale * (interval.mean - interval.low)))
        low, high = scale * interval.low, scale * interval.high
        return f"{scale * interval.mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
    return f"{scale * interval.mean:.{digits}f} ± {half:.{digits}f}"


def delta_text(difference: Interval, unit: str) -> str:
    """A difference with its sign, in percent points for fractions.

    >>> delta_text(Interval(-0.0123, -0.0143, -0.0103, 0.001, 0.04, 2000, "crossed-t"), "fraction")
    '-1.23 ± 0.20'
    """
    scale, half, digits = _scale(difference, unit)
    mean = f"{scale * difference.mean:+.{digits}f}"
    return f"{mean if float(mean) else mean[1:]} ± {half:.{digits}f}"


def ratio_text(ratio: Interval) -> str:
    """How many times as large, with both ends.

    >>> ratio_text(Interval(0.1234, 0.1012, 0.1504, 0.1, 1.2, 2000, "log-crossed-t"))
    '0.123 [0.101, 0.150] x'
    """
    digits = max(2, _two_digits(ratio.mean - ratio.low))
    return f"{ratio.mean:.{digits}f} [{ratio.low:.{digits}f}, {ratio.high:.{digits}f}] x"


def change_text(change: Interval, metric: MetricSpec) -> str:
    """A difference between two scores; between two errors their ratio."""
    return ratio_text(change) if metric.skewed else delta_text(change, metric.unit)


def mean_text(metric: MetricSpec, mean: Interval, errors: ErrorSummary | None) -> str:
    """A mean with its interval, without one where few episodes carry it."""
    text = score_text(mean, metric.unit)
    return text.partition(" ")[0] if errors and errors.top.heavy else text


def _two_digits(half: float) -> int:
    """Decimals that show two digits of a half-width."""
    return 1 - math.floor(math.log10(half)) if half > 0 else 0


def rank_text(rank: Rank | None) -> str:
    """The place by the mean and those not ruled out.

    >>> rank_text(Rank(2, 1, 3)), rank_text(Rank(1, 1, 1))
    ('2 (1-3)', '1')
    """
    if rank is None:
        return NONE
    return str(rank.rank) if rank.best == rank.worst else f"{rank.rank} ({rank.best}-{rank.worst})"


def _scale(interval: Interval, unit: str) -> tuple[float, float, int]:
    """What to multiply with, the half-width after it, and the digits to show."""
    facts = unit_facts(unit)
    half = facts.scale * (interval.high - interval.low) / 2
    return facts.scale, half, facts.fine_digits if half < 1.0 else facts.digits


def metric_header(metric: MetricSpec) -> str:
    """`accuracy, %` or `mse`, whose unit is too long for a column and stands above the table."""
    sign = unit_facts(metric.unit).sign
    return f"{metric.name}, {sign}" if sign else metric.name


def ranked_by(metric: MetricSpec) -> str:
    """Which number of the metric ranks."""
    return "geometric mean" if metric.skewed else "mean"


def mean_header(metric: MetricSpec) -> str:
    """`mse@step1, mean`: of an error the mean says that it is not the geometric one."""
    return f"{metric_header(metric)}, mean" if metric.skewed else metric_header(metric)


def ranked_header(metric: MetricSpec) -> str:
    """`accuracy, %`, `mse, geometric mean`: with the word that tells it from the mean beside it."""
    return f"{metric_header(metric)}, {ranked_by(metric)}" if metric.skewed else metric_header(metric)


def seconds_text(seconds: float) -> str:
    """
    >>> seconds_text(45.2), seconds_text(312.4), seconds_text(5400)
    ('45 s', '5.2 min', '1.5 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def rate_text(per_second: float) -> str:
    """
    >>> rate_text(1234.5), rate_text(41.26), rate_text(0.5)
    ('1,234', '41.3', '0.50')
    """
    digits = 0 if per_second >= 100 else 1 if per_second >= 10 else 2
    return f"{per_second:,.{digits}f}"


def markdown_table(table: Table) -> str:
    """A pipe table, without the title."""
    rule = ["---:" if right else "---" for right in table.right]
    lines = [[escape_markdown(header) for header in table.headers], rule]
    for i, row in enumerate(table.rows):
        lines.append(
            [f"**{escape_markdown(c)}**" if (i, j) in table.strong else escape_markdown(c) for j, c in enumerate(row)]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sources_markdown(table: Table) -> str:
    """The numbered sources of a table. Addresses were checked to hold no markup when they were read."""
    return "<br>\n".join(
        f"{escape_markdown(f'[{i}]')} {escape_markdown(title)}: <{url}>"
        for i, (title, url) in enumerate(table.sources, 1)
    )


def escape_markdown(text: str) -> str:
    """Any text as one line of plain markdown: no markup, no HTML, no page markers."""
    line = " ".join(text.split())
    return (line if len(line) <= _LONGEST_CELL else line[: _LONGEST_CELL - 1] + "…").translate(_MARKUP)


def html_table(table: Table) -> str:
    """A `<table>` with a caption; everything is escaped, numbers are aligned right. Sources are a list below it."""
    style = [' style="text-align: right"' if right else "" for right in table.right]
    lines = ["<table>", f"<caption>{escape_html(table.title)}</caption>"]
    lines.append(_html_row([escape_html(header) for header in table.headers], ["" for _ in style], "th"))
    for i, row in enumerate(table.rows):
        cells = [
            f"<strong>{escape_html(c)}</strong>" if (i, j) in table.strong else escape_html(c)
            for j, c in enumerate(row)
        ]
        lines.append(_html_row(cells, style, "td"))
    lines.append("</table>")
    if table.sources:
        links = [f'<li><a href="{escape_html(url)}">{escape_html(title)}</a></li>' for title, url in table.sources]
        lines += ["<ol>", *links, "</ol>"]
    return "\n".join(lines)


def _html_row(cells: list[str], style: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}{s}>{c}</{tag}>" for c, s in zip(cells, style, strict=True)) + "</tr>"


def latex_table(table: Table) -> str:
    """A tabular with booktabs rules (`\\usepackage{booktabs}`), the title as a comment above it, sources below."""
    columns = "".join("r" if right else "l" for right in table.right)
    rows = []
    for i, row in enumerate(table.rows):
        cells = [
            rf"\textbf{{{escape_latex(c)}}}" if (i, j) in table.strong else escape_latex(c) for j, c in enumerate(row)
        ]
        rows.append(r" & ".join(cells) + r" \\")
    head = r" & ".join(map(escape_latex, table.headers)) + r" \\"
    lines = [f"% {' '.join(table.title.split())}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule"]
    sources = [f"% [{i}] {title}: {url}" for i, (title, url) in enumerate(table.sources, 1)]
    return "\n".join([*lines, *rows, r"\bottomrule", r"\end{tabular}", *sources])


def escape_latex(text: str) -> str:
    """Any text as LaTeX text on one line.

    >>> print(escape_latex("98.27 ± 0.14 % of a_b"))
    98.27 $\\pm$ 0.14 \\% of a\\_b
    """
    return "".join(_LATEX.get(c, c) for c in " ".join(text.split()))
