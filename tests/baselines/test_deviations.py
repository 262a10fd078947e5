"""Tables of deviations in docs/reproduction: what they say of a recipe is what the recipe resolves to.

The format is described in baselines/recipes/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from bench.learners.options import resolve_options
from bench.learners.registry import all_learners, load
from bench.tasks.registry import all_suites
from bench.training.recipe_choice import find_recipe, recipe_names
from bench.training.recipes import Recipe
from tests.baselines.test_reproduction_pages import PAGES

COLUMNS = ["what", "authors", "paper", "fast", "why"]
HERE = ["what", "authors", "here", "why"]  # of learners that have nothing to train, hence no recipes
ABSENT, REPEATED = "—", "as paper"
LEARNERS, SUITES = all_learners(), all_suites()


@dataclass(frozen=True)
class Row:
    """One row about an option or a field of recipes.

    place : a suite or a pattern of suites, "*" where the row says nothing
    cells : by the name of the recipe, or "here"
    """

    learner: str
    name: str
    place: str
    cells: dict[str, str]


def table(text: str) -> list[list[str]]:
    """Cells of the table below the heading `Deviations`, its header first; [] where there is none."""
    _, _, section = text.partition("\n## Deviations\n")
    lines = [line for line in re.split(r"\n## ", section)[0].splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in lines]
    return [row for index, row in enumerate(rows) if index != 1]  # the second draws the line


def read(learner: str, text: str) -> list[Row]:
    """The rows of a page that begin with an option or a field; what else is deviated from is prose."""
    header, *rows = table(text) or [[]]
    found = []
    for row in rows:
        assert len(row) == len(header), f"{learner}: {row}"
        if match := re.fullmatch(r"`([\w.]+)`(?: on `?([^` ]+)`?)?", row[0]):
            cells = dict(zip(header, row, strict=True))
            found.append(Row(learner, match[1], match[2] or "*", {c: cells[c] for c in header[2:-1]}))
        else:
            assert not row[0].startswith("`"), f"{learner}: {row[0]!r} is neither `name` nor `name` on SUITE"
    return found


ROWS = [row for learner, page in PAGES.items() for row in read(learner, page.read_text(encoding="utf-8"))]


def said(row: Row, recipe: str) -> Any:
    cell = row.cells["paper"] if recipe == "fast" and row.cells["fast"] == REPEATED else row.cells[recipe]
    return ABSENT if cell == ABSENT else yaml.safe_load(cell.strip("`"))


def resolved(row: Row, recipe: str) -> Iterator[tuple[str, Any]]:
    """Suite and value for every suite that the row speaks of and the recipe has an entry for."""
    info = LEARNERS[row.learner]
    if recipe == "here":
        yield "every suite", value(row.learner, Recipe(), row.name)
        return
    patterns = recipe_names(info)[recipe]
    for suite in SUITES:
        if SUITES[suite].kind not in load(info).domains or not any(fnmatchcase(suite, p) for p in patterns):
            continue
        found = find_recipe(info, suite, recipe).recipe
        if fnmatchcase(suite, row.place):
            yield suite, value(row.learner, found, row.name)


def value(learner: str, recipe: Recipe, name: str) -> Any:
    """A field of the recipe (dotted below `train`, `optimizer` and `schedule`), else an option with its default."""
    found: Any = recipe.model_dump()
    if name.partition(".")[0] not in found:
        found = asdict(resolve_options(load(LEARNERS[learner]), recipe.options))
    for part in name.split("."):
        assert part in found, f"{learner} has neither an option nor a field {name}"
        found = found[part]
    return list(found) if isinstance(found, tuple) else found


def test_tables_have_the_columns_agreed_on() -> None:
    for learner, page in PAGES.items():
        header, *rows = table(page.read_text(encoding="utf-8")) or [[]]
        if header:
            assert header == (COLUMNS if recipe_names(LEARNERS[learner]) else HERE), learner
            assert rows, f"{learner}: a table without rows"
            assert all(cell for row in rows for cell in row), f"{learner}: an empty cell"


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.learner}: {row.name} on {row.place}" for row in ROWS])
def test_a_row_says_what_the_recipe_resolves_to(row: Row) -> None:
    places = {pattern for patterns in recipe_names(LEARNERS[row.learner]).values() for pattern in patterns}
    assert row.place in places | set(SUITES) | {"*"}, f"{row.place} is neither a suite nor a recipe's pattern"
    for recipe in row.cells:
        expected, found = said(row, recipe), dict(resolved(row, recipe))
        assert (expected == ABSENT) == (not found), f"{recipe}: {ABSENT} is for what has no recipe"
        for suite, is_ in found.items():
            assert is_ == expected, f"{recipe} on {suite}: the page says {expected!r}, the recipe {is_!r}"


PAGE = """# maml

## Deviations

| what | authors | paper | fast | why |
| --- | --- | --- | --- | --- |
| `steps` on omniglot-5w1s | 60,000 | 60000 | {steps} | minutes |
| `hidden` | 40 | 40 | as paper | — |
| labels | smoothed | not | not | prose |
"""


@pytest.mark.parametrize("steps, true", [("{maml}", True), ("1", False), ("as paper", False), ("—", False)])
def test_a_wrong_cell_is_found(steps: str, true: bool) -> None:
    fast = find_recipe(LEARNERS["maml"], "omniglot-5w1s", "fast").recipe
    first, second = read("maml", PAGE.format(steps=steps.format(maml=fast.steps)))
    test_a_row_says_what_the_recipe_resolves_to(second)
    if true:
        test_a_row_says_what_the_recipe_resolves_to(first)
    else:
        with pytest.raises(AssertionError):
            test_a_row_says_what_the_recipe_resolves_to(first)


def test_what_no_learner_has_is_found() -> None:
    (row,) = read("maml", PAGE.format(steps=1).replace("`hidden`", "hidden").replace("`steps`", "`stepz`"))
    with pytest.raises(AssertionError, match="neither an option nor a field stepz"):
        test_a_row_says_what_the_recipe_resolves_to(row)
