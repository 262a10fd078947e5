"""A learner's page: its idea and paper, its rows on all suites, its recipes, what it does otherwise than the authors.

What is said of it is read as text, from its source, its recipes and docs/reproduction/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from markupsafe import Markup

from bench.boards import Board, Learner, Row, Table
from bench.boards.board.rows import seeds_text
from bench.boards.render.formats import rank_text, ranked_header, score_text
from bench.boards.render.published_tables import short_measured, verdict_text
from bench.boards.render.table import NONE
from bench.boards.render.tables import settings_texts
from bench.citing import references_of_learner
from bench.learners.reading import LearnerInfo
from bench.learners.registry import all_learners
from bench.resources import repository
from bench.site.grid import Grid, plain_grid
from bench.site.places import learner_place, row_id, suite_place
from bench.site.prose import arxiv, markdown

FAMILIES = ("optimization", "metric", "model", "exploration", "reference")


@dataclass(frozen=True)
class LearnerPage:
    """Each empty where there is none.

    idea, commands : the sentences of its docstring, and the commands there
    papers, bibtex : numbers on arXiv; entries as `bench cite` has them
    recipes : the text of its recipes' file
    deviations : what its page in docs/reproduction/ says
    """

    name: str
    href: str
    title: str
    family: str
    origin: str
    mode: str
    idea: Markup
    commands: str
    papers: tuple[str, ...]
    bibtex: str
    rows: Grid | None
    published: Grid | None
    recipes: str
    deviations: Markup
    suites: int


def learner_pages(boards: Sequence[Board]) -> list[LearnerPage]:
    """Of every learner that has a name here and of those that are on a board, by family and name."""
    on: dict[Learner, list[tuple[Board, Row]]] = {}
    for board in boards:
        for row in board.rows:
            on.setdefault(row.learner, []).append((board, row))
    known = {Learner(info.name, info.origin): info for info in all_learners().values()}
    pages = [_page(learner, known.get(learner), on.get(learner, []), boards) for learner in {**known, **on}]
    order = {name: i for i, name in enumerate(FAMILIES)}
    return sorted(pages, key=lambda page: (order.get(page.family, len(order)), page.family, page.name, page.href))


def _page(
    learner: Learner, info: LearnerInfo | None, rows: Sequence[tuple[Board, Row]], boards: Sequence[Board]
) -> LearnerPage:
    title = info.title if info else rows[0][1].title
    parts = info.doc.partition("\n")[2].strip("\n").split("\n\n") if info else []
    return LearnerPage(
        name=str(learner),
        href=learner_place(learner),
        title=title,
        family=info.family if info else rows[0][1].family,
        origin=learner.origin,
        mode=_mode(info),
        idea=markdown("\n\n".join(part for part in parts if not _is_code(part))),
        commands="\n".join(dedent(part) for part in parts if _is_code(part)),
        papers=tuple(arxiv(info.doc if info else title)),
        bibtex="\n\n".join(found.bibtex for found in references_of_learner(info.name, info.file)) if info else "",
        rows=_rows(rows),
        published=_published(learner, boards),
        recipes=_recipes(info) if info else "",
        deviations=_deviations(learner) if learner.is_baseline else Markup(),
        suites=len({board.suite for board, _ in rows}),
    )


def _is_code(part: str) -> bool:
    return part.startswith("    ")


def _mode(info: LearnerInfo | None) -> str:
    if info is None:
        return ""
    modes = {True: "transductive", False: "inductive", None: "inductive or transductive, an option decides"}
    return modes[info.transductive] + ("" if info.trains is not False else ", nothing to train")


def _rows(rows: Sequence[tuple[Board, Row]]) -> Grid | None:
    """By suite, current rows first."""
    headers = ("suite", "options", "recipe", "seeds", "section", "ranked by", "score", "rank", "verified", "notes")
    texts, links = [], []
    for board, row in sorted(rows, key=lambda pair: (pair[0].suite, pair[1].superseded)):
        assert board.metric is not None  # a board with rows has a ranked metric
        notes = "; ".join(filter(None, (row.label, *row.flags, *row.cautions)))
        how = (row.recipe, seeds_text(row.seeds)) if row.trains else (NONE, NONE)
        score = score_text(row.score, board.metric.unit), rank_text(row.rank)
        options = " ".join(settings_texts(row)) or NONE
        texts.append(
            (board.suite, options, *how, row.section, ranked_header(board.metric), *score, row.verified, notes or NONE)
        )
        place = suite_place(board.suite)
        links.append({"suite": place, "verified": f"{place}#{row_id(row)}"})
    return _grid(headers, ("score", "rank"), texts, links)


def _published(learner: Learner, boards: Sequence[Board]) -> Grid | None:
    headers = ("suite", "options", "mode", "published", "measured", "verdict", "source")
    texts, links = [], []
    for board in boards:
        for item in board.published:
            entry = item.published
            if entry.learner == learner:
                options = " ".join(f"{name}={value}" for name, value in entry.options.items() if value) or NONE
                value = f"{entry.value} ± {entry.interval}" if entry.interval else entry.value
                said = value, short_measured(item), verdict_text(item), item.source.title
                texts.append((board.suite, options, entry.mode, *said))
                links.append({"suite": suite_place(board.suite), "source": item.source.url})
    return _grid(headers, ("published", "measured"), texts, links)


def _grid(
    headers: tuple[str, ...],
    numbers: Sequence[str],
    texts: Sequence[tuple[str, ...]],
    links: Sequence[Mapping[str, str]],
) -> Grid | None:
    """None without rows. numbers : headers of columns of numbers; links : as `plain_grid`"""
    if not texts:
        return None
    return plain_grid(Table("", headers, tuple(name in numbers for name in headers), tuple(texts)), links)


def _recipes(info: LearnerInfo) -> str:
    return _text(info.file.parent / "recipes" / f"{info.file.stem}.yaml")


def _deviations(learner: Learner) -> Markup:
    """The learner's page without its heading, which is its name."""
    checkout = repository()
    text = _text(checkout / "docs" / "reproduction" / f"{learner.name}.md") if checkout else ""
    return markdown(text.partition("\n")[2])


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
