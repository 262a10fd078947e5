"""YAML files that people write: parsed, equal keys refused, mistakes named with file and line.

Free of torch: suites, recipes, published numbers and missing cells are read at every start.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bench.errors import UsageError

if TYPE_CHECKING:
    import yaml
    from pydantic import TypeAdapter

T = TypeVar("T")
Place = tuple[int | str, ...]  # keys and indices from the top of the file to a value
Mistake = Callable[[Place, str], UsageError]


def parse_yaml(path: Path, text: str, fix: str) -> tuple[Any, yaml.Node | None]:
    """A file's content, and its nodes, which know their lines. Raises UsageError with the line; `fix` is its remedy."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there; both are safe
    try:
        node = yaml.compose(text, Loader=loader)
        content = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that no calendar has
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or error
        raise UsageError(f"{where}: not valid YAML: {problem}", fix) from None
    _refuse_repeated_keys(path, node)
    return content, node


def line_of(node: yaml.Node | None, place: Place) -> int:
    """1-based line of the deepest part of `place` that is there; parts that are not are passed over."""
    import yaml

    line = 0
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if found:
                key, node = found[0]
                line = key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return int(line) + 1


def load_yaml(path: Path, form: TypeAdapter[T], fix: str) -> tuple[T, Mistake]:
    """The file's content in its form, and what makes an error of a place in it for checks that the form can't do.

    An empty file is an empty list. Raises UsageError, whose second line is `fix`.
    """
    from pydantic import ValidationError

    fields, node = parse_yaml(path, path.read_text(encoding="utf-8"), fix)

    def mistake(place: Place, says: str) -> UsageError:
        after_index = next((i + 1 for i, part in enumerate(place) if isinstance(part, int)), 0)
        field = ".".join(map(str, place[after_index:])) or "entry"
        return UsageError(f"{path}:{line_of(node, place)}: {field}: {says}.", fix)

    try:
        return form.validate_python([] if fields is None else fields), mistake
    except ValidationError as error:
        first = error.errors()[0]
        raise mistake(first["loc"], first["msg"]) from error


def _refuse_repeated_keys(path: Path, root: yaml.Node | None) -> None:
    """YAML's loader keeps the last of equal keys without a word; an entry would silently lose its first self."""
    import yaml

    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias may lead back to where it stands
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            keys: set[Any] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in keys:
                    line = key.start_mark.line + 1
                    raise UsageError(f"{path}:{line}: {key.value!r} is given twice", "Delete one of the two.")
                keys.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
                waiting.append(value)
