"""Look at prepared pixels: pictures of one colour, pictures that occur twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from bench.data.contract import SPLITS, ImageSplit, Remark
from bench.data.remarks import remark
from bench.errors import DataInvalid

_ROWS = 256  # images looked at together


@dataclass(frozen=True)
class _Looked:
    """One split. digests : of each image's pixels; blank : is it one colour; labels : its class's number."""

    part: ImageSplit
    digests: list[bytes]
    blank: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]
    names: Sequence[str]


class Pictures:
    """All images of a data set, looked at once; seconds for a gigabyte.

    splits : the prepared arrays; two files that become the same pixels are the same picture
    names : of each image, in the order of the arrays; made from class and number where none are given
    """

    def __init__(self, splits: Mapping[str, ImageSplit], names: Mapping[str, Sequence[str]] | None = None) -> None:
        self._splits = {part: _look(splits[part], names[part] if names else None) for part in SPLITS}

    def remarks(self) -> tuple[Remark, ...]:
        found: list[Remark] = []
        for split, seen in self._splits.items():
            found += _blank(split, seen) + _twins(split, seen)
        for (one, first), (other, second) in combinations(self._splits.items(), 2):
            shared = set(first.digests) & set(second.digests)
            if shared:
                pairs = _pairs(first, second, shared)
                found += remark("twin splits", f"{one} and {other}", pairs, len(shared))
        return tuple(found)

    def refuse_hopeless(self, source: str) -> None:
        """DataInvalid where a split's classes can't differ: fewer pictures than classes, or one blank picture only."""
        for split, seen in self._splits.items():
            different, classes = len(set(seen.digests)), len(seen.part.classes)
            if different < classes or (different == 1 and seen.blank.all()):
                kind = "one colour all over" if seen.blank.all() else f"{different} different pictures"
                raise DataInvalid(
                    f"{source}: the {len(seen.digests)} images of {split} are {kind}, so that nothing tells its "
                    f"{classes} classes apart (first: {', '.join(seen.names[:3])})",
                    "Look at the files: they may be blank, or hold values that an 8-bit image can't show.",
                )


def _look(part: ImageSplit, names: Sequence[str] | None) -> _Looked:
    digests: list[bytes] = []
    blank = np.zeros(len(part.images), np.bool_)
    for first in range(0, len(part.images), _ROWS):  # in pieces: a memory map must not become resident at once
        rows = np.ascontiguousarray(part.images[first : first + _ROWS])
        flat = rows.reshape(len(rows), rows.shape[1], -1)
        if flat.shape[2] > 1:  # a single pixel is of one colour and no fault
            blank[first : first + _ROWS] = (flat == flat[:, :, :1]).all((1, 2))
        digests += [hashlib.blake2b(row.data, digest_size=16).digest() for row in rows]
    labels = np.repeat(np.arange(len(part.counts)), part.counts)
    return _Looked(part, digests, blank, labels, names or _numbered(part))


def _numbered(part: ImageSplit) -> list[str]:
    pairs = zip(part.classes, part.counts.tolist(), strict=True)
    return [f"{label}[{number}]" for label, count in pairs for number in range(count)]


def _blank(split: str, seen: _Looked) -> list[Remark]:
    rows = np.flatnonzero(seen.blank)
    per_class = np.bincount(seen.labels[rows], minlength=len(seen.part.counts))
    whole = [seen.part.classes[label] for label in np.flatnonzero(per_class == seen.part.counts)]
    return remark("blank", split, [seen.names[row] for row in rows.tolist()]) + remark("blank class", split, whole)


def _twins(split: str, seen: _Looked) -> list[Remark]:
    rows_of: dict[bytes, list[int]] = {}
    for row, digest in enumerate(seen.digests):
        rows_of.setdefault(digest, []).append(row)
    copies: list[str] = []
    shared: list[str] = []
    for rows in rows_of.values():
        labels = seen.labels[rows]
        if len(rows) == 1:
            continue
        _, first = np.unique(labels, return_index=True)
        copies += [seen.names[row] for at, row in enumerate(rows) if at not in first]
        if len(first) > 1:
            shared.append(" = ".join(seen.names[rows[at]] for at in first[:2]))
    return remark("twins", split, copies) + remark("twin classes", split, shared)


def _pairs(first: _Looked, second: _Looked, shared: set[bytes]) -> list[str]:
    """ "name = name" of each shared picture, where it is first met."""
    here, there = _first_names(first, shared), _first_names(second, shared)
    return [f"{name} = {there[digest]}" for digest, name in here.items()]


def _first_names(seen: _Looked, wanted: set[bytes]) -> dict[bytes, str]:
    names: dict[bytes, str] = {}
    for digest, name in zip(seen.digests, seen.names, strict=True):
        if digest in wanted:
            names.setdefault(digest, name)
    return names
