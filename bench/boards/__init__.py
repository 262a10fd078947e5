"""From records to tables and leaderboard pages. Uses only statistics and records: every number shown was measured."""

from bench.boards.build import build_boards
from bench.boards.frame import frame
from bench.boards.pages import Written, check, write
from bench.boards.references import Published, References, load_references
from bench.boards.render import FORMATS, render
from bench.boards.rows import OFFICIAL_EPISODES, Board, LeftOut, MetricSpec, Row
from bench.boards.tables import Table, left_out_table, section_tables
from bench.boards.terminal import rich_table, rich_tables
from bench.boards.wanted import Cell, load_wanted, wanted_table

__all__ = [
    "FORMATS",
    "OFFICIAL_EPISODES",
    "Board",
    "Cell",
    "LeftOut",
    "MetricSpec",
    "Published",
    "References",
    "Row",
    "Table",
    "Written",
    "build_boards",
    "check",
    "frame",
    "left_out_table",
    "load_references",
    "load_wanted",
    "render",
    "rich_table",
    "rich_tables",
    "section_tables",
    "wanted_table",
    "write",
]
