"""The pages of a leaderboard directory, generated between markers; what people write outside them is kept.

    <suite>.md    one page per suite        <suite>.csv    the same rows with all digits
    README.md     the index                 wanted.yaml   read, never written (see `render.wanted`)

The same records give the same bytes, whenever and wherever.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.boards.board.answered import with_published
from bench.boards.board.build import build_boards
from bench.boards.board.published import load_published
from bench.boards.board.rows import AUTHORS, SECTIONS, Board, Section, seeds_text
from bench.boards.render.across import ACROSS_NOTE, across_suites
from bench.boards.render.formats import escape_markdown, markdown_table, ranked_header, score_text
from bench.boards.render.frame import frame, what_changed
from bench.boards.render.published_tables import PUBLISHED_NOTE, summary_table
from bench.boards.render.suite_page import suite_markdown
from bench.boards.render.table import NONE, Table
from bench.boards.render.tables import algorithm_text
from bench.boards.render.wanted import WANTED, Cell, load_wanted, measured, unmeasured, wanted_table
from bench.errors import Stale, StoreError, UsageError

INDEX = "README.md"
_BEGIN, _END = "<!-- bench:begin suite={} -->", "<!-- bench:end -->"
_LEADING = 3  # rows of a section that the index shows
_DIFF_LINES = 12


@dataclass(frozen=True)
class Written:
    """The files that changed, and in words what moved on the boards since the CSV files on the disk."""

    files: list[Path]
    changes: list[str]


def write(directory: Path, results_root: Path, wanted: Path | None = None) -> Written:
    """Bring the directory's pages up to date.

    Errors: UsageError for damaged markers or a malformed wanted.yaml, StoreError when a file can't be written.
    """
    boards, cells = _load(directory, results_root, wanted)
    pages = _pages(directory, boards, cells)
    changes = [line for board in boards for line in what_changed(_read(directory / f"{board.suite}.csv"), board)]
    changed = []
    for path, content in pages.items():
        if _read(path) != content:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                aside = path.with_name(f".tmp-{path.name}")
                aside.write_bytes(content.encode())
                aside.replace(path)
            except OSError as error:
                raise StoreError(
                    f"{path} can't be written: {error.strerror}.", "fix: name another directory"
                ) from error
            changed.append(path)
    return Written(changed, changes)


def check(directory: Path, results_root: Path, wanted: Path | None = None) -> None:
    """Raise Stale if a page is not what its records give, is left over, or if a missing cell has been measured."""
    boards, cells = _load(directory, results_root, wanted)
    pages = _pages(directory, boards, cells)
    problems = [_difference(path, _read(path), content) for path, content in pages.items() if _read(path) != content]
    problems += [f"{path}: no record of this suite is left; delete the page" for path in _orphans(directory, pages)]
    problems += [
        f"wanted.yaml: {cell.algo} {cell.recipe} on {cell.suite}, seeds {seeds_text(cell.seeds)}, has been measured: "
        "delete the entry"
        for cell in measured(cells, boards)
    ]
    if problems:
        raise Stale("\n".join(problems), f"fix: bench leaderboard --write {directory}")


def _load(directory: Path, results_root: Path, wanted: Path | None) -> tuple[list[Board], tuple[Cell, ...]]:
    published = load_published()
    boards = build_boards(results_root, published=published)
    cells = load_wanted(wanted or directory / WANTED)
    without = {cell.suite for cell in cells} - {board.suite for board in boards}
    empty = [with_published(Board(suite), published) for suite in without]
    return sorted([*boards, *empty], key=lambda board: board.suite), cells


def _pages(directory: Path, boards: Sequence[Board], cells: Sequence[Cell]) -> dict[Path, str]:
    """Path -> content that should be there. Names of suites come from directory names and hold no separators."""
    open_cells = unmeasured(cells, boards)
    pages = {}
    for board in boards:
        here = [cell for cell in open_cells if cell.suite == board.suite]
        body = suite_markdown(board, wanted_table(here) if here else None)
        path = directory / f"{board.suite}.md"
        pages[path] = _between(path, board.suite, body, f"# {board.suite}\n")
        pages[path.with_suffix(".csv")] = frame([board]).to_csv(index=False, lineterminator="\n")
    index = directory / INDEX
    pages[index] = _between(index, "all", _index(boards, open_cells), "# Leaderboards\n")
    return pages


def _index(boards: Sequence[Board], cells: Sequence[Cell]) -> str:
    sections = [name for name in SECTIONS if name != AUTHORS or any(board.section(AUTHORS) for board in boards)]
    headers = ("suite", "ranked by", *sections, "rows", "left out", "not measured yet")
    rows = []
    for board in boards:
        counts = (len(board.rows), len(board.left_out), sum(cell.suite == board.suite for cell in cells))
        ranked = f"{ranked_header(board.metric)}, {board.metric.unit}" if board.metric else NONE
        leading = (_leading(board, section) for section in sections)
        link = f"[{escape_markdown(board.suite)}]({board.suite}.md)"
        rows.append([link, escape_markdown(ranked), *map(escape_markdown, leading), *map(str, counts)])
    table = Table("", headers, (False,) * (2 + len(sections)) + (True,) * 3, ())
    lines = [markdown_table(table), *(f"| {' | '.join(row)} |" for row in rows)]
    note = (
        f"The first {_LEADING} rows of each section by that number, bounds left out; intervals and notes are on the "
        "pages."
    )
    means, published = across_suites(boards), summary_table(boards)
    tail = [part for mean in means for part in (f"## {mean.title}", markdown_table(mean))]
    tail += [ACROSS_NOTE] if means else []
    if published:
        tail += [f"## {published.title}", markdown_table(published), PUBLISHED_NOTE]
    return "\n\n".join(["\n".join(lines), note, *tail])


def _leading(board: Board, section: Section) -> str:
    rows = [row for row in board.section(section) if not row.privileged][:_LEADING]
    if not rows or board.metric is None:
        return NONE
    unit = board.metric.unit
    return "; ".join(
        f"{algorithm_text(row)} {score_text(row.score, unit)}{f' ({row.label})' if row.label else ''}" for row in rows
    )


def _between(path: Path, name: str, body: str, heading: str) -> str:
    """The file's text with everything between its markers replaced; a new file gets a heading above them."""
    begin = _BEGIN.format(name)
    block = f"{begin}\n{body}\n{_END}"
    text = _read(path)
    if text is None:
        return f"{heading}\n{block}\n"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(_END)
    if not found or not closed or begin in after:
        raise UsageError(
            f"{path}: expected one pair of markers {begin} and {_END}, found {'another' if found else 'none'}.",
            "fix: restore the markers, or delete the page and write it anew",
        )
    return f"{before}{block}{after}"


def _orphans(directory: Path, pages: dict[Path, str]) -> list[Path]:
    return [
        path
        for path in sorted(directory.glob("*.md"))
        if path not in pages and _BEGIN.format(path.stem) in (_read(path) or "")
    ]


def _difference(path: Path, found: str | None, expected: str) -> str:
    if found is None:
        return f"{path} is missing"
    diff = list(difflib.unified_diff(found.splitlines(), expected.splitlines(), "there", "expected", lineterm="", n=0))
    more = f"\n  ... {len(diff) - _DIFF_LINES} more lines" if len(diff) > _DIFF_LINES else ""
    return f"{path} is stale:\n" + "\n".join(f"  {line[:160]}" for line in diff[:_DIFF_LINES]) + more


def _read(path: Path) -> str | None:
    return path.read_bytes().decode() if path.is_file() else None
