"""YAML files that people write: checked against a model, mistakes named with file, line and field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from bench.errors import UsageError

if TYPE_CHECKING:
    import yaml

T = TypeVar("T")
Place = tuple[int | str, ...]  # keys and indices from the top of the file to a value
Mistake = Callable[[Place, str], UsageError]


def load_yaml(path: Path, form: TypeAdapter[T], fix: str) -> tuple[T, Mistake]:
    """The file's content in its form, and what makes an error of a place in it for checks that the form can't do.

    An empty file is an empty list. Raises UsageError, whose second line is `fix`.
    """
    import yaml

    text = path.read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where PyYAML has it
    try:
        node = yaml.compose(text, Loader=loader)
        fields = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"{at}: not valid YAML: {getattr(error, 'problem', error)}.", fix) from error

    def mistake(place: Place, says: str) -> UsageError:
        after_index = next((i + 1 for i, part in enumerate(place) if isinstance(part, int)), 0)
        field = ".".join(map(str, place[after_index:])) or "entry"
        return UsageError(f"{path}:{_line(node, place)}: {field}: {says}.", fix)

    try:
        return form.validate_python([] if fields is None else fields), mistake
    except ValidationError as error:
        first = error.errors()[0]
        raise mistake(first["loc"], first["msg"]) from error


def _line(node: yaml.Node | None, place: Place) -> int:
    """The line in the file of the deepest part of `place` that is there, counted from 1."""
    import yaml

    line = 1
    for part in place:
        if node is None:
            break
        line = node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == part]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        else:
            break
    return line if node is None else max(line, node.start_mark.line + 1)
