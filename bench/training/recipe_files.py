"""The recipes of a learner as they are written beside its file, read so that no mistake passes unsaid.

    recipes/<learner>.yaml      recipe -> suite pattern -> fields
    recipes.yaml                learner -> recipe -> suite pattern -> fields

Either will do, or both for different learners. Free of torch.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from bench.errors import UsageError
from bench.learners.registry import LearnerInfo
from bench.training.recipes import NO_RECIPE, Recipe
from bench.yamlfile import line_of, parse_yaml

if TYPE_CHECKING:
    import yaml

FOLDER, SHARED = "recipes", "recipes.yaml"
_FIX = "Fix the recipe file."
_NEAR = 0.75  # difflib's ratio from which a name is taken for another one mistyped: `fats` and `fast` have it


@dataclass(frozen=True)
class Recipes:
    """What is written for one learner: recipe -> suite pattern -> recipe, in the order of the file.

    file : where it is written, None where nothing is
    """

    file: Path | None = None
    entries: dict[str, dict[str, Recipe]] = field(default_factory=dict)

    def text(self) -> str:
        """Every recipe with its patterns, in one line: `fast (omniglot-*, glyphs-*), paper (*)`."""
        return ", ".join(f"{name} ({', '.join(patterns)})" for name, patterns in self.entries.items())


def read_recipes(learner: LearnerInfo) -> Recipes:
    """The recipes of a learner; none where nobody wrote any.

    Raises UsageError, with file and line, for a file that can't be read, for an entry that is no recipe, for a learner
    that is named in both files, and for one that has no entry beside an entry of nearly its name.
    """
    own, shared = learner.file.parent / FOLDER / f"{learner.name}.yaml", learner.file.with_name(SHARED)
    content, nodes = _read(shared, "learners")
    in_own, in_shared = own.is_file(), learner.name in content
    if in_own and in_shared:
        raise UsageError(
            f"{own} and {shared} both have recipes of {learner.name}.", "Keep them in one of the two files."
        )
    if in_own:
        content, nodes = _read(own, "recipes")
        return _Entries(learner.name, own, nodes, ()).read(content)
    if in_shared:
        return _Entries(learner.name, shared, nodes, (learner.name,)).read(content[learner.name])
    if not installed(learner):
        _refuse_nearly_named(learner, content, shared)
    return Recipes()


def installed(learner: LearnerInfo) -> bool:
    """Does it come from a package, whose recipes are not the user's to mend?"""
    return learner.origin.startswith(("baselines/", "entry point"))


def mistyped(name: str, wanted: str) -> bool:
    """Is `name` probably meant to be `wanted`? What begins with it is a name of its own: fast2, faster."""
    return not name.startswith(wanted) and _alike(name, wanted)


def _refuse_nearly_named(learner: LearnerInfo, shared_names: Iterable[str], shared: Path) -> None:
    places = dict.fromkeys(shared_names, shared)
    places |= {path.stem: path for path in sorted(learner.file.parent.glob(f"{FOLDER}/*.y*ml"))}
    names = {learner.class_name, learner.file.stem}
    near = [name for name in places if name in names or _alike(name, learner.name)]
    if not near:
        return
    classes = {found.lower() for path in learner.file.parent.glob("*.py") for found in _classes(path)}
    for name in near:
        if name not in classes or name == learner.name:
            place = places[name]
            where = f"{place} has recipes of {name!r}" if place == shared else f"{place} is there"
            raise UsageError(
                f"{where} and nothing is written for {learner.name}. Did you mean {learner.name!r}?",
                f"Rename it to {learner.name if place == shared else f'{learner.name}.yaml'}; or say in {SHARED} that "
                f"this learner has none: `{learner.name}: {{}}`. `--recipe {NO_RECIPE}` reads no file.",
            )


def _alike(name: str, wanted: str) -> bool:
    return difflib.SequenceMatcher(None, name.casefold(), wanted.casefold()).ratio() >= _NEAR


def _classes(path: Path) -> list[str]:
    return re.findall(r"^class (\w+)", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)


def _read(file: Path, what: str) -> tuple[dict[str, Any], yaml.Node | None]:
    """Content and nodes of a file, {} where there is none; its keys are words."""
    if not file.is_file():
        return {}, None
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not UTF-8 text (byte {error.start})", "Save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}", _FIX) from None
    content, nodes = parse_yaml(file, text, _FIX)
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise UsageError(f"{file}: expected a mapping of {what}, found {type(content).__name__}", _FIX)
    for key in content:
        if not isinstance(key, str):
            raise UsageError(f"{file}: expected names of {what}, found {key!r}", _FIX)
    return content, nodes


@dataclass(frozen=True)
class _Entries:
    """Reads what a file says of one learner; `top` is where that begins in the file."""

    learner: str
    file: Path
    nodes: yaml.Node | None
    top: tuple[str, ...]

    def read(self, found: object) -> Recipes:
        found = {} if found is None else found  # `learner:` with nothing below says that it has none
        if not isinstance(found, dict):
            raise self.shape(found)
        return Recipes(self.file, {name: self.patterns(name, entries) for name, entries in found.items()})

    def patterns(self, name: object, entries: object) -> dict[str, Recipe]:
        if not isinstance(name, str) or not isinstance(entries, dict):
            raise self.shape(entries if isinstance(name, str) else name, name)
        if name == NO_RECIPE:
            raise self.mistake(f"{NO_RECIPE!r} is what trains without a recipe; give yours another name", name)
        if name == self.learner and not self.top:
            raise self.mistake(f"the file's name says whose recipes these are; {name!r} is not repeated", name)
        return {pattern: self.recipe(name, pattern, fields) for pattern, fields in entries.items()}

    def recipe(self, name: str, pattern: object, fields: object) -> Recipe:
        if pattern in Recipe.model_fields:
            raise self.mistake(f"{name}: expected a suite pattern, found the field {pattern!r}", name, pattern)
        if not isinstance(pattern, str):
            raise self.mistake(f"{name}: expected a suite pattern, found {pattern!r}", name, pattern)
        if not isinstance(fields, dict):
            raise self.mistake(f"{name}, {pattern}: expected fields, found {_short(fields)}", name, pattern)
        try:
            return Recipe.model_validate(fields)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the fields"
            says = first["msg"].removeprefix("Value error, ")
            if first["type"] == "extra_forbidden":
                near = difflib.get_close_matches(str(first["loc"][-1]), _fields(first["loc"][:-1]), n=1)
                says = "no such field" + (f"; did you mean {near[0]!r}?" if near else "")
            raise self.mistake(
                f"{name}, {pattern}: {place}: {says}, found {_short(first['input'])}", name, pattern, *first["loc"]
            ) from None

    def shape(self, found: object, *place: object) -> UsageError:
        return self.mistake(
            f"expected recipe names, each with a mapping from suite patterns to fields, found {_short(found)}",
            *place,
        )

    def mistake(self, says: str, *place: object) -> UsageError:
        line = line_of(self.nodes, (*self.top, *map(str, place)))
        example = 'fast: {"glyphs-*": {steps: 300}}'
        if self.top:
            example = f"{self.learner}: {{{example}}}"
        return UsageError(f"{self.file}:{line}: {self.learner}: {says}.", f"Example: {example}")


def _fields(place: tuple[int | str, ...]) -> list[str]:
    """Names that a mapping at `place` of a recipe may have."""
    model: Any = Recipe
    for part in place:
        model = type(getattr(model(), str(part)))
    return list(model.model_fields)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
