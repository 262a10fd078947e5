"""`wanted.yaml`: cells of the boards that nobody has measured yet, with what they would cost.

- suite: miniimagenet-5w1s
  algo: protonet
  recipe: paper
  seeds: 0-2
  cost: 3 x 9 h on one GPU
  why: needs the images
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from bench.boards.board.rows import Board, Learner, seeds_text
from bench.boards.render.table import Table
from bench.ranges import seeds_field
from bench.yamlfile import load_yaml

WANTED = "wanted.yaml"
_Text = Annotated[str, Field(min_length=1)]


class Cell(BaseModel):
    """One learner with one recipe on one suite, for these seeds.

    algo : a baseline's name; of any other learner where it comes from, `file.py:Class`
    cost : text that says hours and hardware
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: _Text
    algo: _Text
    recipe: _Text
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(seeds_field), Field(min_length=1)]
    cost: _Text
    why: _Text


def load_wanted(path: Path) -> tuple[Cell, ...]:
    """The cells of a file; none when there is no such file. UsageError names line and field."""
    return load_yaml(path, _CELLS, _FIX)[0] if path.exists() else ()


_CELLS = TypeAdapter(tuple[Cell, ...])
_FIX = "fix: each entry has suite, algo, recipe, seeds, cost and why"


def measured(cells: Iterable[Cell], boards: Iterable[Board]) -> list[Cell]:
    """The cells whose every seed is on a board by now, and which have to leave the list."""
    seeds: dict[tuple[str, str, str], set[int]] = {}
    training_free: set[tuple[str, str, str]] = set()
    for board in boards:
        for row in board.rows:
            place = (board.suite, _algo(row.learner), row.recipe)
            seeds.setdefault(place, set()).update(row.seeds)
            if not row.trains:
                training_free.add(place)
    return [
        cell
        for cell in cells
        if (place := (cell.suite, cell.algo, cell.recipe)) in training_free
        or set(cell.seeds) <= seeds.get(place, set())
    ]


def unmeasured(cells: Sequence[Cell], boards: Sequence[Board]) -> list[Cell]:
    """The cells that still lack a seed."""
    done = measured(cells, boards)
    return [cell for cell in cells if cell not in done]


def _algo(learner: Learner) -> str:
    """What a cell calls the learner: a baseline's name stands for the baseline and for nobody else."""
    return learner.name if learner.is_baseline else learner.place


def wanted_table(cells: Sequence[Cell]) -> Table:
    """The cells of one suite that are still to be measured."""
    return Table(
        "Not measured yet",
        ("algorithm", "recipe", "seeds", "cost", "why"),
        (False,) * 5,
        tuple((cell.algo, cell.recipe, seeds_text(cell.seeds), cell.cost, cell.why) for cell in cells),
    )
