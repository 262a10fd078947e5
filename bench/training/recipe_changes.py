"""Fields of a recipe as they are typed after `--train`: `steps=500,lr=1e-3`. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from bench.errors import UsageError, unknown_name
from bench.training.recipes import Recipe

_SHORT = {"lr": "optimizer.lr", "way": "train.way", "shot": "train.shot", "query": "train.query"}
_EXAMPLE = "Example: --train steps=500,lr=1e-3,way=20; a recipe's other fields by their names, such as schedule.name."


def parse_changes(texts: Iterable[str]) -> dict[str, str]:
    """`["steps=500,lr=1e-3"]` -> field -> text, short names written out.

    Raises UsageError for what is no field=value, and for a field that is given twice.
    """
    changes: dict[str, str] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise UsageError(f"Expected --train field=value, found {part!r}.", _EXAMPLE)
        name = _SHORT.get(name, name)
        if name in changes:
            raise UsageError(f"--train gives {name} twice: {changes[name]} and {value}.", "Give it once.")
        changes[name] = value
    return changes


def changed(name: str, recipe: Recipe, changes: Mapping[str, str]) -> tuple[str, Recipe]:
    """The recipe with these fields, and its name with those that differ: `fast steps=500 optimizer.lr=0.001`.

    Raises UsageError for a field that no recipe has, and for a value that it can't have.
    """
    new: dict[str, Any] = recipe.model_dump()
    for field, value in changes.items():
        *outer, last = _place(field)
        inner = new
        for part in outer:
            inner = inner[part]
        inner[last] = None if value == "none" else value
    try:
        result = Recipe.model_validate(new)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the fields"
        says = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"--train {place}: {says}, found {first['input']!r}.", _EXAMPLE) from None
    before, after = _flat(recipe), _flat(result)
    words = [f"{field}={_text(after[field])}" for field in before if after[field] != before[field]]
    return " ".join([name, *words]), result


def _place(field: str) -> list[str]:
    known = _flat(Recipe())
    if field == "options" or field.startswith("options."):
        raise UsageError("--train changes how a learner is trained; its options are not of it.", "Use --set key=value.")
    if field not in known:
        raise unknown_name("field of a recipe", field, [*_SHORT, *known])
    return field.split(".")


def _flat(recipe: Recipe) -> dict[str, Any]:
    """Every field but the options, those within others with dots."""
    fields: dict[str, Any] = {}
    for name, value in recipe.model_dump(exclude={"options"}).items():
        fields |= (
            {f"{name}.{inner}": item for inner, item in value.items()} if isinstance(value, dict) else {name: value}
        )
    return fields


def _text(value: Any) -> str:
    return "none" if value is None else f"{value}"
