"""One board as a page: in markdown with everything there is to know, as tables for papers and sites, on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

from bench.boards.board.domain_facts import references, unit_facts
from bench.boards.board.number_cautions import ceiling_passed
from bench.boards.board.ranking import SMALL_POOL
from bench.boards.board.rows import ALGORITHM_SEEDS, AUTHORS, OFFICIAL_EPISODES, Board, Row, seeds_text
from bench.boards.board.sources import CARRIED_OVER, EXPLAINED, LEVELS, Level
from bench.boards.render.fit import chosen
from bench.boards.render.formats import (
    escape_markdown,
    html_table,
    latex_table,
    markdown_table,
    ranked_by,
    sources_markdown,
)
from bench.boards.render.frame import frame
from bench.boards.render.published_tables import PUBLISHED_NOTE, published_table
from bench.boards.render.table import NONE, Table
from bench.boards.render.tables import left_out_table, section_tables, settings_texts
from bench.errors import unknown_name
from bench.stats import HEAVY

if TYPE_CHECKING:
    from bench.records import PublishedWeights

Format = Literal["markdown", "csv", "latex", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)

_CARRIED_OVER: Mapping[Level, str] = {"spot": "confirmed for", "rescored": "re-scored with"}


def rendered(boards: Sequence[Board], form: str, columns: Sequence[str] = (), sort: str = "") -> str:
    """All boards in one format, ending in a newline; UsageError for a format that is not in FORMATS.

    columns : headers (of a CSV its columns): these only, and the tables alone; sort : as `sorted_rows`
    """
    match form:
        case "markdown" if not columns and sort in ("", "score"):
            return "\n\n".join(suite_markdown(board) for board in boards) + "\n"
        case "csv":
            return frame(boards, columns, sort).to_csv(index=False, lineterminator="\n")
        case "markdown" | "latex" | "html":
            write = {"markdown": _titled_markdown, "latex": latex_table, "html": html_table}[form]
            return "\n\n".join(write(table) for board in boards for table in _titled(board, columns, sort)) + "\n"
    raise unknown_name("format", form, FORMATS)


def _titled_markdown(table: Table) -> str:
    return f"## {escape_markdown(table.title)}\n\n{markdown_table(table)}"


def _titled(board: Board, columns: Sequence[str], sort: str) -> list[Table]:
    tables = section_tables(board, sort)
    if columns:
        tables = [chosen(table, columns) for table in tables]
    elif published := published_table(board):
        tables.append(published)
    return [replace(table, title=f"{board.suite}: {table.title}") for table in tables]


def suite_markdown(board: Board, missing: Table | None = None) -> str:
    """A suite's page: what was asked, one table per section, what was published, how each row was made, what is
    missing and why, what the numbers mean. `missing`: the cells that nobody has measured yet."""
    parts = [header(board)]
    for table in section_tables(board):
        parts += [f"## {table.title.capitalize()}", markdown_table(table)]
    if published := published_table(board):
        parts += [f"## {published.title}", markdown_table(published), sources_markdown(published), PUBLISHED_NOTE]
    if board.rows:
        parts += ["## How each row was made", *(_provenance(row) for row in board.rows)]
    if board.left_out:
        parts += ["## Not on the board", markdown_table(left_out_table(board.left_out))]
    if missing:
        parts += [f"## {missing.title}", markdown_table(missing)]
    if board.rows:
        parts += ["## What the numbers mean", "\n".join(f"* {line}" for line in notes(board))]
    return "\n\n".join(parts)


def notes(board: Board) -> list[str]:
    """Score, rank, difference, new classes: what each claims, for readers who will not open docs/statistics.md.

    Lines of markdown.
    """
    assert board.metric is not None  # a board with rows has a ranked metric
    errors, by = board.metric.skewed, ranked_by(board.metric)
    reference, bound = escape_markdown(board.reference), escape_markdown(board.bound)
    change = "Ratios" if errors else "Differences"
    to = [f"to {reference}, named before looking"] if reference else []
    to += [f"to {bound}, a bound"] if bound else []
    lines = [
        f"Score: {by} over the first {OFFICIAL_EPISODES:,} test episodes and all seeds, with a closed 95 % interval "
        f"(± half of it, or [low, high]): other episodes of this pool and, from {ALGORITHM_SEEDS} seeds on, other "
        "trainings. Checkpoints (fewer seeds) speak of these trainings only. df: degrees of freedom of the interval, "
        "where seeds leave fewer than 10; near 2 it is mostly three trainings' spread that it is made of.",
        *(_error_notes() if errors else []),
        f"Rank 2 (1-3): second by the {by}, places 1 to 3 are not ruled out (all pairs of the section on the same "
        "episodes, Holm-corrected). Bold: first place is not ruled out. No rank: checkpoints, bounds, older sources, "
        "learners that saw the test classes, a row alone.",
        f"{change} {' and '.join(to)}{' ' if to else ''}are paired, episode by episode, with 95 % "
        "intervals of their own; that two separate intervals overlap says little. Other pairs: `bench compare`.",
        f"On new classes: the open interval (leaving out one class at a time), shown where it is wider and the pool "
        f"has at most {SMALL_POOL} classes. Formulas, and how often each claim holds: docs/statistics.md.",
        "Verified: the level that all runs of the row have passed, self-reported where nobody has recorded one "
        "(spot: episodes drawn by lot were answered again; rescored: all of them; fresh: unpublished ones; rerun: "
        "trained again). Disputed: one failed. docs/submitting.md.",
    ]
    if board.section(AUTHORS):
        lines.append(
            "Authors' weights: checkpoints that a method's authors published, converted and evaluated on these "
            "episodes as they are (`bench run --weights`). Nobody here trained them, they have no rank; what they saw "
            "stands in their notes."
        )
    if ceiling := max((ceiling_passed(row.score.mean, board.metric) for row in board.rows), default=""):
        lines.append(
            f"Above {ceiling}: the mistakes that are left lie in few episodes, and intervals may hold less often than "
            "they say."
        )
    levels = [level for level in LEVELS if any(level in row.carried_over for row in board.rows)]
    return [*lines, *(f"{CARRIED_OVER[level].capitalize()}: {EXPLAINED[level]}" for level in levels)]


def _error_notes() -> list[str]:
    """Why an error's mean does not rank, and what the notes on its tail say."""
    return [
        "Errors differ by factors, and a few episodes can carry their mean: rows are ranked and compared on logarithms "
        "of the episodes' errors. The geometric mean speaks of the usual episode, the mean (as papers print it) of the "
        "sum of all; a learner that fails rarely but badly can be first in one and last in the other.",
        f"20 of 2,000 episodes carry so much of the mean: said from {HEAVY:.0%} on. Such a mean is printed without an "
        "interval, because other episodes may give quite another one; it may have no long-run value at all. The other "
        "means have bootstrap-t intervals, with ends above 0.",
    ]


def header(board: Board) -> str:
    """What the suite asks and how it ranks, in markdown."""
    if board.metric is None:
        return f"**{escape_markdown(board.suite)}**: no run has been admitted yet."
    better = "higher" if board.metric.higher_is_better else "lower"
    data = f", data `{_short(board.data_fingerprint)}`" if board.data_fingerprint else ", generated data"
    source = f" ({escape_markdown(board.data_source)})" if board.data_source else ""
    lines = [
        f"**{escape_markdown(board.suite)}**, version {board.version}, {board.kind}: "
        f"{escape_markdown(board.metric.name)} in {_shown(board.metric.unit)}, {better} is better, "
        f"{ranked_by(board.metric)} over the first {OFFICIAL_EPISODES:,} test episodes. "
        f"Manifest `{_short(board.manifest_sha256)}`{data}{source}.",
    ]
    if others := [m for m in board.extra_metrics if m.unit != board.metric.unit]:
        lines += ["", f"Units: {'; '.join(f'{escape_markdown(m.name)} in {_shown(m.unit)}' for m in others)}."]
    if (size := board.metric.per_unit) > 1:
        lines += [
            "",
            f"Blocks: {size} consecutive episodes share their sizes and resemble each other, so intervals, tests and "
            f"ranks count means of {size} episodes.",
        ]
    expected = " or ".join(escape_markdown(str(learner)) for learner in references(board.kind))
    if expected and not board.reference:
        lines += ["", f"No differences to {expected}, the reference: it has not been measured here."]
    return "\n".join(lines)


def _provenance(row: Row) -> str:
    name = escape_markdown(" ".join([row.algorithm, *settings_texts(row)]))
    title = f"**{name}** ({escape_markdown(row.learner.origin)}): {escape_markdown(row.title) or NONE}"
    commands = "\n".join(f"    {_code(command)}" for command in row.commands)
    return f"{title}<br>{escape_markdown('; '.join(facts(row)))}.\n\n{commands}"


def facts(row: Row) -> list[str]:
    """How a row was made, in plain text."""
    seeds = f"seeds {seeds_text(row.seeds)}" if row.trains else "no training"
    return [
        *(_whose(row.weights) if row.weights else []),
        f"recipe {row.recipe}, {seeds}, {row.precision}",
        f"interval: {row.score_label}",
        f"{row.n_configs_tried} configuration{'s' if row.n_configs_tried > 1 else ''} tried",
        _source(row),
        f"bench {', '.join(row.bench_versions)}",
        f"runs {', '.join(row.keys)}",
    ]


def _whose(weights: PublishedWeights) -> list[str]:
    """Whose training it was, and on what."""
    said = f"weights {weights.name} of {weights.paper}, licence {weights.licence}, from {weights.address}"
    return [said, f"trained on {weights.trained_on}"]


def _source(row: Row) -> str:
    ran = ", ".join(source[:12] for source in row.made_with)
    over = [_CARRIED_OVER[level] for level in LEVELS if level in row.carried_over]
    return f"source {ran}" + (f", {' and '.join(over)} {_short(row.source_sha256)}" if over else "")


def _shown(unit: str) -> str:
    return unit_facts(unit).shown


def _short(sha256: str | None) -> str:
    return (sha256 or "")[:12]


def _code(command: str) -> str:
    """A command for a code block, where nothing can be escaped: one line that can't close the page's markers."""
    return " ".join(command.split()).replace("<!--", "<!- -")
