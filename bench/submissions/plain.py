"""What the text files of a submission may say at all, before anybody asks what it means.

Names become folders, texts reach terminals and pages, YAML is expanded when it is read: so names are names, text is
printable and of modest length, numbers are finite and fit 64 bits, keys are there once, and nothing is repeated by
reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.errors import Mismatch, UsageError
from bench.records.names import SAFE
from bench.yamlfile import parse_yaml

LONGEST_FILE = 1 << 20  # bytes; records of honest runs take 6 kB
LONGEST_TEXT, LONGEST_TRACEBACK, LONGEST_NAME = 2_000, 20_000, 100
_LINES = {"notes", "reason", "traceback"}  # fields that may have more than one line
_DEEPEST = 20


def check_length(path: Path) -> None:
    """Raises Mismatch for a file that is too long to be read whole."""
    if path.is_file() and path.stat().st_size > LONGEST_FILE:
        raise Mismatch(f"{path.name} has {path.stat().st_size:,} bytes; {LONGEST_FILE:,} is the most that is read.")


def read_plain_yaml(path: Path) -> Any:
    """The content of a YAML file without repeated keys and references. Raises Mismatch saying what is wrong."""
    import yaml

    again = "Pack the run again."
    try:
        text = path.read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise Mismatch(f"{path.name} is not readable YAML here: it repeats parts by reference (*name).", again)
        content, _ = parse_yaml(Path(path.name), text, again)
    except UsageError as error:
        raise Mismatch(f"{path.name} is not readable YAML: {error.message}", again) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        problem = str(error).partition("\n")[0]
        raise Mismatch(f"{path.name} is not readable YAML: {problem}", again) from None
    return content


def demand_plain(file: str, content: Any) -> None:
    """Raises Mismatch naming the first place in a file's content that no honest file has."""
    for place, problem in _unfit(content, (), 0):
        raise Mismatch(f"{file}: {'.'.join(place) or 'the whole file'}: {problem}", "Pack the run again.")


def demand_name(what: str, name: str) -> None:
    """Raises Mismatch for a name that can't be a folder's."""
    if len(name) > LONGEST_NAME or not SAFE.fullmatch(name):
        raise Mismatch(
            f"{what} is called {_quoted(name)}: a name is letters, digits and . _ @ + = -, {LONGEST_NAME} at most."
        )


def _unfit(value: Any, place: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], str]]:
    if depth > _DEEPEST:
        yield place, "nested too deep"
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _text(str(key), place, lines=False)
            yield from _unfit(part, (*place, _quoted(str(key))[1:-1]), depth + 1)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _unfit(part, (*place, str(index)), depth + 1)
    elif isinstance(value, str):
        yield from _text(value, place, lines=bool(_LINES & set(place[-1:])))
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, f"{value} is not a finite number"
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        yield place, "a number beyond 64 bits"


def _text(text: str, place: tuple[str, ...], lines: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    longest = LONGEST_TRACEBACK if place[-1:] == ("traceback",) else LONGEST_TEXT
    if len(text) > longest:
        yield place, f"a text of {len(text):,} characters; {longest:,} is the most"
    allowed = "\n\t" if lines else ""
    if wrong := next((c for c in text if not c.isprintable() and c not in allowed), None):
        yield place, f"the text holds {wrong!a}, which can't be printed: {_quoted(text)}"


def _quoted(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "...")
