"""Tables and suite pages in GitHub's markdown. What learners and users wrote is shown as text, never as markup."""

from __future__ import annotations

from collections.abc import Sequence

from bench.boards.beside_tables import NOTE, beside_table
from bench.boards.notes import notes
from bench.boards.numbers import NONE, seeds_text, unit_text
from bench.boards.rows import CONFIRMED, OFFICIAL_EPISODES, REFERENCES, Board, Row
from bench.boards.tables import Table, algorithm_text, left_out_table, section_tables
from bench.boards.wanted import Cell, wanted_table

_LONGEST_CELL = 300  # an error message of a learner may be pages long
_MARKUP = str.maketrans({c: f"\\{c}" for c in "\\`*_[]|~#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})


def markdown_table(table: Table) -> str:
    """A pipe table, without the title."""
    rule = ["---:" if right else "---" for right in table.right]
    lines = [[escape(header) for header in table.headers], rule]
    for i, row in enumerate(table.rows):
        lines.append([f"**{escape(c)}**" if (i, j) in table.strong else escape(c) for j, c in enumerate(row)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sources_markdown(table: Table) -> str:
    """The numbered sources of a table. Addresses were checked to hold no markup when they were read."""
    return "<br>\n".join(
        f"{escape(f'[{i}]')} {escape(title)}: <{url}>" for i, (title, url) in enumerate(table.sources, 1)
    )


def escape(text: str) -> str:
    """Any text as one line of plain markdown: no markup, no HTML, no page markers."""
    line = " ".join(text.split())
    return (line if len(line) <= _LONGEST_CELL else line[: _LONGEST_CELL - 1] + "…").translate(_MARKUP)


def suite_markdown(board: Board, wanted: Sequence[Cell] = ()) -> str:
    """A suite's page: what was asked, one table per section, what was published, how each row was made, what is
    missing and why, what the numbers mean."""
    parts = [_header(board)]
    for table in section_tables(board):
        parts += [f"## {table.title.capitalize()}", markdown_table(table)]
    if published := beside_table(board):
        parts += [f"## {published.title}", markdown_table(published), sources_markdown(published), NOTE]
    if board.rows:
        parts += ["## How each row was made", *(_provenance(row) for row in board.rows)]
    if board.left_out:
        parts += ["## Not on the board", markdown_table(left_out_table(board.left_out))]
    if wanted:
        parts += ["## Not measured yet", markdown_table(wanted_table(wanted))]
    if board.rows:
        parts += ["## What the numbers mean", "\n".join(f"* {line}" for line in _notes(board))]
    return "\n\n".join(parts)


def _notes(board: Board) -> list[str]:
    return notes(escape(board.reference), escape(board.bound))


def _header(board: Board) -> str:
    if board.metric is None:
        return f"**{escape(board.suite)}**: no run has been admitted yet."
    better = "higher" if board.metric.higher_is_better else "lower"
    data = f", data `{_short(board.data_fingerprint)}`" if board.data_fingerprint else ", generated data"
    source = f" ({escape(board.data_source)})" if board.data_source else ""
    lines = [
        f"**{escape(board.suite)}**, version {board.version}, {board.kind}: {escape(board.metric.name)} in "
        f"{unit_text(board.metric.unit)}, {better} is better, over the first {OFFICIAL_EPISODES:,} test episodes. "
        f"Manifest `{_short(board.manifest_sha256)}`{data}{source}.",
    ]
    if others := [m for m in board.extra_metrics if m.unit != board.metric.unit]:
        lines += ["", f"Units: {'; '.join(f'{escape(m.name)} in {unit_text(m.unit)}' for m in others)}."]
    expected = " or ".join(map(escape, REFERENCES.get(board.kind, ())))
    if expected and not board.reference:
        lines += ["", f"No differences to {expected}, the reference: it has not been measured here."]
    return "\n".join(lines)


def _provenance(row: Row) -> str:
    seeds = f"seeds {seeds_text(row.seeds)}" if row.trains else "no training"
    facts = [
        f"recipe {row.recipe}, {seeds}, {row.precision}",
        f"interval: {row.score_label}",
        f"{row.n_configs_tried} configuration{'s' if row.n_configs_tried > 1 else ''} tried",
        _source(row),
        f"bench {', '.join(row.bench_versions)}",
        f"runs {', '.join(row.keys)}",
    ]
    title = f"**{escape(algorithm_text(row))}** ({escape(row.origin)}): {escape(row.title) or NONE}"
    commands = "\n".join(f"    {_code(command)}" for command in row.commands)
    return f"{title}<br>{escape('; '.join(facts))}.\n\n{commands}"


def _source(row: Row) -> str:
    ran = ", ".join(source[:12] for source in row.made_with)
    return f"source {ran}" + (
        f", confirmed for {_short(row.source_sha256)}" if CONFIRMED in "; ".join(row.flags) else ""
    )


def _short(sha256: str | None) -> str:
    return (sha256 or "")[:12]


def _code(command: str) -> str:
    """A command for a code block, where nothing can be escaped: one line that can't close the page's markers."""
    return " ".join(command.split()).replace("<!--", "<!- -")
