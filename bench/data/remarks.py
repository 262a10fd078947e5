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
    """sentence : with {n} and {where}; remedy : what to do; quiet : harmless, in the card only"""

    sentence: str
    remedy: str
    quiet: bool = False


KINDS = {
    "hidden": _Kind(
        "{n} hidden files and folders, or ones that programs left (thumbnails, recycle bins), were passed over",
        "",
        quiet=True,
    ),
    "suffix": _Kind(
        "{n} files in class folders were passed over, bench does not read them: {where}",
        "Convert them to PNG or JPEG and name them so, or remove them.",
    ),
    "stray": _Kind(
        "{n} images and folders lie outside the class folders of the splits and were passed over",
        "Move them into a class folder, name the folder in split.yaml, or remove them.",
    ),
    "link": _Kind(
        "{n} links to folders, broken links and special files in class folders were passed over",
        "Put the files themselves in their place.",
    ),
    "blank": _Kind("{n} images of {where} are one colour all over", "See whether they were read as they were meant."),
    "blank class": _Kind(
        "{n} classes of {where} hold nothing but images of one colour", "See whether they were read as they were meant."
    ),
    "twins": _Kind("{n} images of {where} repeat another one of their class", "Remove the copies."),
    "twin classes": _Kind("{n} pictures are in more than one class of {where}", "Remove them from all but one."),
    "twin splits": _Kind(
        "{n} pictures are in {where}: what is learned there is known here", "Remove them from one of the two."
    ),
    decode.ALPHA: _Kind("{n} images are transparent in parts and were laid on white", "", quiet=True),
    decode.DEEP: _Kind("{n} images of 16-bit grey were scaled by their bit depth", "", quiet=True),
    decode.FLOAT: _Kind("{n} images of floats were scaled: 1.0 is white", "", quiet=True),
    decode.DIM: _Kind(
        "{n} images of 16 bits or floats use less than a sixteenth of their range and are all but black",
        "Scale them, with one factor for all images: 12-bit data by 16.",
    ),
    decode.FRAMES: _Kind("{n} images have several frames, the first was taken", "", quiet=True),
    decode.TURNED: _Kind(
        "{n} images have an EXIF orientation, which is not applied: they are seen as they are stored",
        "Turn the files themselves where that matters.",
        quiet=True,
    ),
}


def remark(kind: str, where: str, names: Sequence[str], count: int | None = None) -> list[Remark]:
    """One remark about these names, or none where there are none; `count` where it is not their number."""
    n = len(names) if count is None else count
    return [Remark(kind, where, n, tuple(names[:_FIRST]))] if n else []


def sentence(found: Remark) -> str:
    """One line: what was found, the first names, what to do."""
    kind = KINDS.get(found.kind)
    if kind is None:  # a card of a later version
        return f"{found.count} x {found.kind} {found.where}: {', '.join(found.first)}"
    names = ", ".join(found.first) + (", ..." if len(found.first) < found.count else "")
    says = kind.sentence.format(n=f"{found.count:,}", where=found.where)
    return f"{says} ({names}). {kind.remedy}".rstrip()


def is_quiet(found: Remark) -> bool:
    """Harmless: it is told to who asks, and is in the card."""
    return found.kind in KINDS and KINDS[found.kind].quiet


def say(name: str, remarks: Iterable[Remark]) -> None:
    """On stderr, once, when a data set is prepared; the card keeps them."""
    for found in remarks:
        if not is_quiet(found):
            sys.stderr.write(f"warning: {name}: {sentence(found)}\n")
