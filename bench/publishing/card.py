"""A card: metadata in YAML between two lines of dashes, and a text in markdown."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.boards.render.formats import escape_markdown
from bench.citing import Reference, each_once, own_reference, references_of_suite
from bench.errors import UsageError
from bench.records.files import explain, write_file

CARD = "README.md"
HUB = "https://huggingface.co"


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write into a folder aside, which then takes its place: it is there as a whole or not at all.

    Raises UsageError for a folder that is there and holds anything else, StoreError as files do.
    """
    aside = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    try:
        aside.mkdir(parents=True)
        fill(aside)
        if folder.is_dir() and any(folder.iterdir()):
            if _contents(folder) != _contents(aside):
                raise UsageError(
                    f"{folder} exists already, and holds something else.",
                    f"Delete it, or name another with --write. To upload it as it is: hf upload OWNER/NAME {folder}",
                )
        else:
            aside.replace(folder)
    except OSError as error:
        raise explain(error, folder) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def files_of(folder: Path) -> dict[str, Path]:
    """What of a folder is published, by its path there: everything that is not hidden."""
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path for name, path in found.items() if not any(part.startswith(".") for part in name.parts)
    }


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: file.read_bytes() for name, file in files_of(folder).items()}


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
