"""Options of a learner from a recipe and from `--set key=value`: known names, right types, or a clear refusal."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from bench.learners.contract import Learner


def parse_settings(settings: Iterable[str]) -> dict[str, str]:
    """`["norm=batch", "steps=5"]` -> mapping. Raises UsageError for anything without an equals sign."""
    parsed = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise UsageError(f"Expected --set key=value, found {setting!r}.", "Example: --set norm=batch")
        parsed[key.strip()] = value.strip()
    return parsed


def resolve_options(learner: type[Learner], values: dict[str, Any]) -> Any:
    """An `Options` instance with `values` over the defaults, converted to the declared types.

    Raises UsageError naming the option, the expected type and the value found.
    """
    from pydantic import TypeAdapter, ValidationError

    fields = {field.name for field in dataclasses.fields(learner.Options)}
    for name in values:
        if name not in fields:
            raise unknown_name(f"option of {learner.__name__}", name, fields)
    try:
        return TypeAdapter(learner.Options).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "options"
        raise UsageError(
            f"Option {name} of {learner.__name__}: {first['msg'].lower()}, found {first['input']!r}.",
            "`bench info NAME` lists the options with their types.",
        ) from None
