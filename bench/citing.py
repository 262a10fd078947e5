"""What to cite: the papers of learners and suites, as BibTeX. Free of torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter

from bench._version import __version__
from bench.resources import resource
from bench.yamlfile import load_yaml

FILE = "references.yaml"
_ENTRY = re.compile(r"@\w+\{\s*([\w:./+-]+)\s*,.*\}\s*", re.DOTALL)
_FIX = (
    "fix: a list of entries, each with `bibtex` and with `algos` or `suites`; bench's own references.yaml has examples"
)


def _one_entry(text: str) -> str:
    if not _ENTRY.fullmatch(text) or text.count("{") != text.count("}"):
        raise ValueError("expected one BibTeX entry, @kind{key, ...}")
    return text.strip()


class Reference(BaseModel):
    """A paper. algos : names of learners; suites : names or patterns, `omniglot-*`"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bibtex: Annotated[str, AfterValidator(_one_entry)]
    algos: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        found = _ENTRY.fullmatch(self.bibtex)
        assert found
        return found.group(1)


def own_reference() -> str:
    """How to cite bench, this version of it."""
    return (
        "@software{bench,\n"
        "  title   = {bench: a benchmark and leaderboard harness for meta-learning},\n"
        "  author  = {{The bench authors}},\n"
        f"  version = {{{__version__}}},\n"
        "  year    = {2026}\n"
        "}"
    )


def references_of_learner(name: str, file: Path | None = None) -> list[Reference]:
    """Of a learner, in the order of the files; `file`: where its class is, beside which it may have references.

    Raises UsageError for a file that can't be meant.
    """
    return [found for found in _known(file) if name in found.algos]


def references_of_suite(name: str) -> list[Reference]:
    """Of a suite: its images or tasks, and its split."""
    return [found for found in _known(None) if any(fnmatchcase(name, pattern) for pattern in found.suites)]


def each_once(references: Iterable[Reference]) -> Iterator[Reference]:
    """By key; the first one counts."""
    seen: set[str] = set()
    for reference in references:
        if reference.key not in seen:
            seen.add(reference.key)
            yield reference


def _known(file: Path | None) -> tuple[Reference, ...]:
    beside = file.with_name(FILE) if file else None
    return (_read(beside) if beside and beside.is_file() else ()) + _read(resource(FILE))


@lru_cache
def _read(path: Path) -> tuple[Reference, ...]:
    return load_yaml(path, TypeAdapter(tuple[Reference, ...]), _FIX)[0]
