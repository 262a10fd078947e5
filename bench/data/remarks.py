"""What is found in images and beside them, as sentences for stderr, for the card and for `bench data`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.data import decode
from bench.data.contract import Remark

_FIRST = 5  # names that are told


@dataclass(frozen=True)
class _Kind:
    """what : was found, with {where}; remedy : what to do; quiet : harmless, in the card only"""

    what: str
    remedy: str
    quiet: bool = False


KINDS = {
    "hidden": _Kind("hidden files and folders, and what programs leave in folders, passed over", "", quiet=True),
    "suffix": _Kind(
        "files in class folders that bench does not read, passed over",
        "Convert them to PNG or JPEG and name them so, or remove them.",
    ),
    "stray": _Kind(
        "images and folders outside the class folders of the splits, passed over",
        "Move them into a class folder, name the folder in split.yaml, or remove them.",
    ),
    "link": _Kind(
        "links to folders, broken links and special files in class folders, passed over",
        "Put the files themselves in their place.",
    ),
    "blank": _Kind("images of one colour all over in {where}", "See whether they were read as they were meant."),
    "blank class": _Kind("classes of images of one colour only in {where}", "See whether they are meant."),
    "twins": _Kind("images that repeat another one of their class in {where}", "Remove the copies."),
    "own twins": _Kind("images that repeat another one of their class, left out", "Remove the copies."),
    "own alike": _Kind(
        "images that are all but equal to another one of their class (another size or quality, a burst), left out",
        "Keep one of each.",
    ),
    "twin classes": _Kind("pictures that are in more than one class in {where}", "Remove them from all but one."),
    "twin splits": _Kind("pictures that are both in {where}", "Remove them from one of the two."),
    decode.ALPHA: _Kind("images with transparent parts, laid on white", "", quiet=True),
    decode.DEEP: _Kind("images of 16-bit grey, scaled by their bit depth", "", quiet=True),
    decode.FLOAT: _Kind("images of floats, scaled so that 1.0 is white", "", quiet=True),
    decode.DIM: _Kind(
        "images of 16 bits or floats that use less than a sixteenth of their range and are all but black",
        "Scale them, with one factor for all images: 12-bit data by 16.",
    ),
    decode.FRAMES: _Kind("images of several frames, of which the first was taken", "", quiet=True),
    decode.TURNED: _Kind(
        "images with an EXIF orientation, which is not applied: they are seen as they are stored",
        "Turn the files themselves where that matters.",
        quiet=True,
    ),
}


def remark(kind: str, where: str, names: Sequence[str], count: int | None = None) -> list[Remark]:
    """One remark about these names, or none where there are none; `count` where it is not their number."""
    n = len(names) if count is None else count
    return [Remark(kind, where, n, tuple(names[:_FIRST]))] if n else []


def sentence(found: Remark, *, own: bool) -> str:
    """One line: what was found, the first names and, about a person's own images, what to do.

    Standard data sets are compared as they were published, faults included.
    """
    kind = KINDS.get(found.kind)
    if kind is None:  # a card of a later version
        return f"{found.count} x {found.kind} {found.where}: {', '.join(found.first)}"
    names = ", ".join(found.first) + (", ..." if len(found.first) < found.count else "")
    what, tail = kind.what.format(where=found.where), f" [{found.where}]" if found.kind == "suffix" else ""
    remedy = f". {kind.remedy}" if own and kind.remedy else ""
    return f"{what}: {found.count:,}{tail} ({names}){remedy}"


def say(name: str, remarks: Iterable[Remark], *, own: bool) -> None:
    """On stderr, once, when a data set is prepared; what is harmless is left to the card."""
    for found in remarks:
        if not KINDS[found.kind].quiet:
            sys.stderr.write(f"{'warning' if own else 'note'}: {name}: {sentence(found, own=own)}\n")
