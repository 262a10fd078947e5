"""From records to tables and leaderboard pages. Uses only statistics and records: every number shown was measured.

    board/     which runs a board takes, the rows they make, ranks, published numbers
    compare/   learners chosen by hand against each other, and plans for it
    render/    tables, pages, files

Each folder uses those above it.
"""

from bench.boards.board.build import build_boards
from bench.boards.board.published import Published, PublishedNumbers, load_published
from bench.boards.board.rows import OFFICIAL_EPISODES, Board, Learner, LeftOut, MetricSpec, Row
from bench.boards.render.formats import Table, rich_table
from bench.boards.render.frame import frame
from bench.boards.render.pages import Written, check, write
from bench.boards.render.preview import Preview, preview
from bench.boards.render.suite_page import FORMATS, render, rich_tables
from bench.boards.render.tables import left_out_table, section_tables
from bench.boards.render.wanted import Cell, load_wanted, wanted_table

__all__ = [
    "FORMATS",
    "OFFICIAL_EPISODES",
    "Board",
    "Cell",
    "Learner",
    "LeftOut",
    "MetricSpec",
    "Preview",
    "Published",
    "PublishedNumbers",
    "Row",
    "Table",
    "Written",
    "build_boards",
    "check",
    "frame",
    "left_out_table",
    "load_published",
    "load_wanted",
    "preview",
    "render",
    "rich_table",
    "rich_tables",
    "section_tables",
    "wanted_table",
    "write",
]
