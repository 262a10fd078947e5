"""One recipe in a file of its own, for `--recipe FILE.yaml`: the fields of a recipe, and its name.

    name: longer                   # [default: the file's name]
    steps: 4000
    optimizer: {lr: 5.0e-4}
    options: {temperature: 16}

The `recipe.yaml` beside a record is such a file. Free of torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from bench.errors import UsageError
from bench.training.recipes import NO_RECIPE, Recipe
from bench.yamlfile import load_yaml

_FIX = "fix: fields of a recipe, such as `steps: 500`; docs/learners.md has them all"


class RecipeFile(Recipe):
    """What such a file holds."""

    name: Annotated[str, Field(pattern=r"^\S(.*\S)?$", max_length=200)] | None = None

    @property
    def recipe(self) -> Recipe:
        return Recipe.model_validate(self.model_dump(exclude={"name"}))


def is_recipe_file(text: str) -> bool:
    """Is what follows `--recipe` a file, and no name?"""
    return text.endswith((".yaml", ".yml"))


def read_recipe_file(file: Path) -> tuple[str, Recipe]:
    """Name and recipe. Raises UsageError with file and line."""
    if not file.is_file():
        raise UsageError(f"No such recipe file: {file}", "`bench info NAME` shows a learner's own recipes.")
    found, mistake = load_yaml(file, TypeAdapter(RecipeFile), _FIX)
    name = found.name or file.stem
    if name == NO_RECIPE:
        raise mistake(("name",), f"{NO_RECIPE!r} is what trains without a recipe; give yours another name")
    return name, found.recipe
