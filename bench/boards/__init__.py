"""From records to tables and leaderboard pages. Uses only statistics and records: every number shown was measured.

    board/     which runs a board takes, the rows they make, ranks, published numbers
    compare/   learners chosen by hand against each other, and plans for it
    render/    tables, pages, files

Each folder uses those above it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.boards.board.build import build_boards
    from bench.boards.board.published import Published, PublishedNumbers, load_published
    from bench.boards.board.rows import OFFICIAL_EPISODES, Board, Learner, LeftOut, MetricSpec, Row
    from bench.boards.render.fit import fitted
    from bench.boards.render.frame import frame
    from bench.boards.render.pages import Written, check, write
    from bench.boards.render.preview import Preview, preview
    from bench.boards.render.suite_page import FORMATS, rendered
    from bench.boards.render.table import Table
    from bench.boards.render.tables import left_out_table, section_tables
    from bench.boards.render.terminal import board_lines
    from bench.boards.render.wanted import Cell, load_wanted, wanted_table

_WHERE = {
    "FORMATS": "bench.boards.render.suite_page",
    "OFFICIAL_EPISODES": "bench.boards.board.rows",
    "Board": "bench.boards.board.rows",
    "Cell": "bench.boards.render.wanted",
    "Learner": "bench.boards.board.rows",
    "LeftOut": "bench.boards.board.rows",
    "MetricSpec": "bench.boards.board.rows",
    "Preview": "bench.boards.render.preview",
    "Published": "bench.boards.board.published",
    "PublishedNumbers": "bench.boards.board.published",
    "Row": "bench.boards.board.rows",
    "Table": "bench.boards.render.table",
    "Written": "bench.boards.render.pages",
    "board_lines": "bench.boards.render.terminal",
    "build_boards": "bench.boards.board.build",
    "check": "bench.boards.render.pages",
    "fitted": "bench.boards.render.fit",
    "frame": "bench.boards.render.frame",
    "left_out_table": "bench.boards.render.tables",
    "load_published": "bench.boards.board.published",
    "load_wanted": "bench.boards.render.wanted",
    "preview": "bench.boards.render.preview",
    "rendered": "bench.boards.render.suite_page",
    "section_tables": "bench.boards.render.tables",
    "wanted_table": "bench.boards.render.wanted",
    "write": "bench.boards.render.pages",
}

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
    "board_lines",
    "build_boards",
    "check",
    "fitted",
    "frame",
    "left_out_table",
    "load_published",
    "load_wanted",
    "preview",
    "rendered",
    "section_tables",
    "wanted_table",
    "write",
]


def __getattr__(name: str) -> Any:
    """Names are imported on first use: a command that lays out a table needs no statistics for it."""
    if name not in _WHERE:
        raise AttributeError(f"module 'bench.boards' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)
