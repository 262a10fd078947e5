"""A suite's page: its sections as tables, the same rows as figures, published numbers, how each row was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bench.boards import Board, Cell, Row, left_out_table, wanted_table
from bench.boards.board.rows import SECTIONS
from bench.boards.render.published_tables import PUBLISHED_NOTE, published_table
from bench.boards.render.suite_page import facts, header, notes
from bench.boards.render.tables import algorithm_text
from bench.records import RunStore
from bench.records.store import StoredRun
from bench.site.curves import Curves, curves
from bench.site.declared import suite_title
from bench.site.forest import Forest, forest
from bench.site.grid import Grid, plain_grid, section_grid
from bench.site.places import csv_place, episodes_place, learner_place, published_csv_place, row_id
from bench.site.prose import markdown
from bench.site.rows import current
from bench.site.scatter import Scatter, against_speed, against_training
from bench.site.verifying import Verifying, verifying


@dataclass(frozen=True)
class SectionTables:
    """rows : the current ones; older : those that a later source or recipe has succeeded, None without any"""

    name: str
    rows: Grid | None
    older: Grid | None


@dataclass(frozen=True)
class Made:
    """How one row was made, and how a reader checks it."""

    anchor: str
    name: str
    href: str
    title: str
    section: str
    older: bool
    facts: tuple[str, ...]
    commands: tuple[str, ...]
    runs: tuple[Verifying, ...]
    verified: str


@dataclass(frozen=True)
class SuitePage:
    """untimed : the key of a run without a measured speed, "" where all have one"""

    name: str
    title: str
    kind: str
    asks: Markup
    csv: str
    episodes: str
    sections: tuple[SectionTables, ...]
    forest: Forest
    training: tuple[Scatter, ...]
    speed: tuple[Scatter, ...]
    untimed: str
    curves: Curves | None
    published: Grid | None
    published_csv: str
    sources: tuple[tuple[str, str], ...]
    published_note: str
    made: tuple[Made, ...]
    left_out: Grid | None
    wanted: Grid | None
    notes: tuple[Markup, ...]


def suite_page(
    board: Board, runs: Mapping[str, tuple[RunStore, StoredRun]], with_episodes: bool, wanted: Sequence[Cell] = ()
) -> SuitePage:
    """Of a board with rows. runs : those of the board by key; wanted : cells of any suite that nobody has measured"""
    stored = {key: run for key, (_, run) in runs.items()}
    rows = current(board)
    published = published_table(board)
    wanted = [cell for cell in wanted if cell.suite == board.suite]
    untimed = [row.keys[0] for row in rows if row.speed is None]
    return SuitePage(
        name=board.suite,
        title=suite_title(board.suite),
        kind=board.kind,
        asks=markdown(header(board)),
        csv=csv_place(board.suite),
        episodes=episodes_place(board.suite) if with_episodes else "",
        sections=tuple(_sections(board, rows)),
        forest=forest(board, rows),
        training=tuple(against_training(board, rows)),
        speed=tuple(against_speed(board, rows)),
        untimed=untimed[0] if untimed else "",
        curves=curves(board, rows, stored),
        published=plain_grid(published) if published else None,
        published_csv=published_csv_place(board.suite),
        sources=published.sources if published else (),
        published_note=PUBLISHED_NOTE,
        made=tuple(_made(row, stored) for row in board.rows),
        left_out=plain_grid(left_out_table(board.left_out)) if board.left_out else None,
        wanted=plain_grid(wanted_table(wanted)) if wanted else None,
        notes=tuple(markdown(line) for line in notes(board)),
    )


def _sections(board: Board, rows: Sequence[Row]) -> list[SectionTables]:
    found = []
    for name in SECTIONS:
        now = [row for row in board.section(name) if row in rows]
        older = [row for row in board.section(name) if row not in rows]
        if now or older:
            found.append(
                SectionTables(
                    name,
                    section_grid(board, name, now) if now else None,
                    section_grid(board, name, older) if older else None,
                )
            )
    return found


def _made(row: Row, stored: Mapping[str, StoredRun]) -> Made:
    return Made(
        anchor=row_id(row),
        name=algorithm_text(row),
        href=learner_place(row.learner),
        title=row.title,
        section=row.section,
        older=row.superseded,
        facts=tuple(facts(row)),
        commands=row.commands,
        runs=tuple(verifying(row, stored)),
        verified=row.verified,
    )
