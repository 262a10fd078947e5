"""A card: metadata in YAML between two lines of dashes, and a text in markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.boards.render.formats import escape_markdown
from bench.citing import Reference, each_once, own_reference, references_of_suite
from bench.errors import UsageError
from bench.records.files import explain, write_file

CARD = "README.md"
HUB = "https://huggingface.co"


def write_folder(folder: Path, fill: Callable[[], None]) -> None:
    """Let `fill` write into a folder that is new or empty. Raises UsageError for any other, StoreError as files do."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder} exists already.",
                f"Name another with --write, or delete it. One that you have changed: hf upload OWNER/NAME {folder}",
            )
        folder.mkdir(parents=True, exist_ok=True)
        fill()
    except OSError as error:
        raise explain(error, folder) from error


def write_card(folder: Path, metadata: Any, parts: Iterable[str]) -> None:
    """metadata : of huggingface_hub; parts : of the text, those that are empty left out"""
    text = "\n\n".join(part for part in parts if part)
    write_file(folder / CARD, f"---\n{metadata.to_yaml()}\n---\n\n{text}\n".encode())


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are text, whatever is in them."""
    lines = [headers, ["---"] * len(headers), *([escape_markdown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bibtex(suite: str, others: Sequence[Reference] = ()) -> str:
    """Entries of bench, of the suite and of others."""
    found = each_once([*others, *references_of_suite(suite)])
    return "\n\n".join([own_reference(), *(reference.bibtex for reference in found)])


def to_cite(entries: str) -> str:
    return f"## To cite\n\n```bibtex\n{entries}\n```"
