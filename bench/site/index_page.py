"""The index: suites by domain with their best rows and the verdicts on published numbers; learners by family."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.boards import Board, Cell
from bench.boards.board.domain_facts import unit_facts
from bench.boards.board.verdicts import KINDS
from bench.boards.render.across import ACROSS_NOTE, across_suites
from bench.boards.render.formats import ranked_header
from bench.boards.render.published_tables import summary_table
from bench.domains import all_domains
from bench.site.declared import suite_title
from bench.site.forest import Forest, forest
from bench.site.grid import Grid, plain_grid
from bench.site.learner_page import LearnerPage
from bench.site.places import suite_place
from bench.site.rows import current

_LEADING = 3  # rows of a suite


@dataclass(frozen=True)
class SuiteCard:
    """leading : the first rows by score, without bounds and rows that have a successor; None without any

    wanted : how many cells of its board nobody has measured
    """

    name: str
    title: str
    href: str
    ranked_by: str
    leading: Forest | None
    rows: int
    wanted: int
    verdicts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Group:
    name: str
    suites: tuple[SuiteCard, ...]


@dataclass(frozen=True)
class IndexPage:
    """verdicts : (kind, how many) over all suites

    means : a table for each section of a board that has one, with its title
    rowless : suites of which cells are wanted and that have no page, with how many cells
    """

    groups: tuple[Group, ...]
    families: tuple[tuple[str, tuple[LearnerPage, ...]], ...]
    verdicts: tuple[tuple[str, int], ...]
    rows: int
    runs: int
    means: tuple[tuple[str, Grid], ...]
    means_note: str
    rowless: tuple[tuple[str, int], ...]


def index_page(boards: Sequence[Board], learners: Sequence[LearnerPage], wanted: Sequence[Cell] = ()) -> IndexPage:
    """Of boards with rows. wanted : cells of any suite that nobody has measured"""
    verdicts = _verdicts(boards)
    nothing = tuple((kind, 0) for kind in KINDS)
    there = {board.kind for board in boards}
    kinds = [kind for kind in all_domains() if kind in there] + sorted(there - all_domains().keys())
    missing = Counter(cell.suite for cell in wanted)
    cards = {board.suite: _card(board, verdicts.get(board.suite, nothing), missing[board.suite]) for board in boards}
    groups = [Group(kind, tuple(cards[board.suite] for board in boards if board.kind == kind)) for kind in kinds]
    families = dict.fromkeys(page.family for page in learners)
    return IndexPage(
        groups=tuple(groups),
        families=tuple((name, tuple(page for page in learners if page.family == name)) for name in families),
        verdicts=verdicts.get("all", nothing),
        rows=sum(len(current(board)) for board in boards),
        runs=sum(len(row.keys) for board in boards for row in board.rows),
        means=tuple((table.title, plain_grid(table)) for table in across_suites(boards)),
        means_note=ACROSS_NOTE,
        rowless=tuple(sorted((suite, n) for suite, n in missing.items() if suite not in cards)),
    )


def _card(board: Board, verdicts: tuple[tuple[str, int], ...], wanted: int) -> SuiteCard:
    leading = [row for row in current(board) if not row.privileged and row.section == board.rows[0].section]
    ranked = ""
    if board.metric:
        unit = unit_facts(board.metric.unit)
        ranked = ranked_header(board.metric) if unit.sign else f"{ranked_header(board.metric)}, {unit.shown}"
    return SuiteCard(
        name=board.suite,
        title=suite_title(board.suite),
        href=suite_place(board.suite),
        ranked_by=ranked,
        leading=forest(board, leading[:_LEADING], short=True) if leading else None,
        rows=len(current(board)),
        wanted=wanted,
        verdicts=verdicts,
    )


def _verdicts(boards: Sequence[Board]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Suite, and "all" -> (kind, how many)."""
    table = summary_table(boards)
    rows = table.rows if table else ()
    return {suite: tuple(zip(KINDS, map(int, counts), strict=True)) for suite, *counts in rows}
