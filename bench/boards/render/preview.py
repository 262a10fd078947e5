"""What boards would become with further results: rows that come, go or move, and results that are not admitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.boards.board.build import build_boards
from bench.boards.board.rows import Board
from bench.boards.render.formats import escape_markdown
from bench.boards.render.frame import frame, what_changed
from bench.boards.render.suite_page import suite_markdown


@dataclass(frozen=True)
class Preview:
    """The boards of the suites that the new results are on, and in words what moves on them."""

    boards: tuple[Board, ...]
    changes: tuple[str, ...]

    def markdown(self) -> str:
        """The changes, then every page whole: the text of a job's summary."""
        lines = [f"* {escape_markdown(line)}" for line in self.changes]
        pages = [f"## {escape_markdown(board.suite)}\n\n{suite_markdown(board)}" for board in self.boards]
        return "\n\n".join(["## What would change", "\n".join(lines), *pages]) + "\n"


def preview(new: Path, results: Sequence[Path]) -> Preview:
    """Boards of `results` with the results below `new`, which take the place of those with the same suite, learner and
    key. Nothing is written."""
    before = {board.suite: board for board in build_boards(*results)}
    suites = {path.name for path in new.iterdir()}
    boards = [board for board in build_boards(new, *results) if board.suite in suites]
    keys = {path.name for path in new.glob("*/*/*")}
    changes = [line for board in boards for line in _changes(before.get(board.suite), board, keys)]
    return Preview(tuple(boards), tuple(changes or ["nothing: the boards are the same with these results"]))


def _changes(before: Board | None, board: Board, keys: set[str]) -> list[str]:
    old = frame([before]).to_csv(index=False) if before else None
    left_out = [
        f"{board.suite}: not admitted: {item.learner}, run {item.key}: {item.reason}"
        for item in board.left_out
        if item.key in keys
    ]
    return [*what_changed(old, board), *left_out]
