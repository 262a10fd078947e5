"""Every page of the site, and putting them into a folder.

    index.html                      suites by domain, learners by family
    suites/NAME.html, NAME.csv      a suite's board, and the same rows as numbers; NAME-published.csv what was published
    learners/NAME.html              a learner
    episodes/NAME.html, NAME.csv    episodes of an image suite; NAME/NUMBER.png their pictures
    site.css, site.js

The same records, data and version of bench give the same bytes, whenever and wherever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.boards import Board, Cell, frame
from bench.boards.render.published_tables import published_table
from bench.boards.render.wanted import WANTED, load_wanted, unmeasured
from bench.domains.images.task import ImageSpec
from bench.errors import Stale, StoreError, UsageError
from bench.records import RunStore, each_run
from bench.records.files import replace_file
from bench.records.store import StoredRun
from bench.site.episode_page import episode_page
from bench.site.hardest import episodes_frame, episodes_of
from bench.site.index_page import index_page
from bench.site.learner_page import learner_pages
from bench.site.pictures import pictures
from bench.site.places import INDEX, csv_place, episodes_place, picture_place, published_csv_place, suite_place
from bench.site.rows import current
from bench.site.suite_page import suite_page
from bench.site.templates import GENERATOR, rendered, static

_TOLD = 20  # stale files that are named
_Runs = dict[str, tuple[RunStore, StoredRun]]


@dataclass(frozen=True)
class SiteWritten:
    """pages : how many there are; changed : files that were written, others said the same already"""

    pages: int
    changed: list[Path]


def write_site(
    directory: Path, boards: Sequence[Board], roots: Sequence[Path], data_dir: Path | None = None
) -> SiteWritten:
    """Write the site of these boards.

    roots : the records that the boards were built from
    data_dir : prepared data, for pictures of episodes [default: $BENCH_DATA or the user cache]

    Raises UsageError for a folder that holds somebody's own index.html, StoreError when a file can't be written.
    """
    if (directory / INDEX).is_file() and not _is_ours(directory / INDEX):
        raise UsageError(f"{directory / INDEX} is not a page of bench.", "Name another directory.")
    files = site_files(boards, roots, data_dir)
    changed = []
    for place, content in files.items():
        path = directory / place
        try:
            if path.is_file() and path.read_bytes() == content:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content)
        except OSError as error:
            raise StoreError(f"{path} can't be written: {error.strerror}.", "fix: name another directory") from error
        changed.append(path)
    return SiteWritten(sum(place.endswith(".html") for place in files), changed)


def check_site(directory: Path, boards: Sequence[Board], roots: Sequence[Path], data_dir: Path | None = None) -> None:
    """Raise Stale naming the files of a site that are not what these boards give, and pages that are left over.

    Arguments as of `write_site`; pictures are compared where the data is, and missing where it is not.
    """
    files = site_files(boards, roots, data_dir)
    there = {place: directory / place for place in files}
    problems = [f"{path} is missing" for path in there.values() if not path.is_file()]
    problems += [
        f"{path} is stale" for place, path in there.items() if path.is_file() and path.read_bytes() != files[place]
    ]
    problems += [
        f"{path}: its records are gone; delete the page"
        for path in sorted(directory.rglob("*.html"))
        if path not in there.values() and _is_ours(path)
    ]
    if problems:
        more = [f"... and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
        again = (
            f"the command with --write {directory} instead of --check, on the same records and with the same --suite"
        )
        raise Stale("\n".join([*problems[:_TOLD], *more]), f"fix: {again}")


def _is_ours(page: Path) -> bool:
    return GENERATOR in page.read_text(encoding="utf-8", errors="replace")


def site_files(boards: Sequence[Board], roots: Sequence[Path], data_dir: Path | None = None) -> dict[str, bytes]:
    """Path within the site -> content."""
    shown = [board for board in boards if board.rows]
    learners = learner_pages(shown)
    cells = _wanted(boards, roots)
    files = {INDEX: rendered("index.html", INDEX, page=index_page(shown, learners, cells))}
    for page in learners:
        files[page.href] = rendered("learner.html", page.href, page=page)
    for board in shown:
        runs = {run.path.name: (store, run) for store, run in each_run(roots, board.suite) if run.record}
        asks_images = board.kind == ImageSpec.kind
        if asks_images:
            files |= _episodes(board, runs, data_dir)
        place = suite_place(board.suite)
        files[place] = rendered("suite.html", place, page=suite_page(board, runs, asks_images, cells))
        files[csv_place(board.suite)] = _csv(frame([board]))
        if published := published_table(board):
            files[published_csv_place(board.suite)] = _csv(pd.DataFrame(published.rows, columns=published.headers))
    return files | static()


def _wanted(boards: Sequence[Board], roots: Sequence[Path]) -> list[Cell]:
    """What `wanted.yaml` beside the records lacks still, of these boards and of suites without a run."""
    asked = [cell for root in roots for cell in unmeasured(load_wanted(root.parent / WANTED), boards)]
    here = {board.suite for board in boards}
    without = {suite for suite in {cell.suite for cell in asked} - here if not any(each_run(roots, suite))}
    return [cell for cell in asked if cell.suite in here | without]


def _episodes(board: Board, runs: _Runs, data_dir: Path | None) -> dict[str, bytes]:
    found = episodes_of(board, current(board), runs)
    numbers = list(dict.fromkeys(episode.number for episode in (*found.first, *found.hardest)))
    drawn = pictures(board, numbers, found.classes, data_dir)
    assert board.metric is not None  # a board with rows has a ranked metric
    page = episode_page(board, found, drawn)
    place = episodes_place(board.suite)
    strips = {picture_place(board.suite, number): png for number, png in drawn.strips.items()}
    return {
        place: rendered("episodes.html", place, page=page),
        page.csv: _csv(episodes_frame(found, board.metric)),
    } | strips


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()
