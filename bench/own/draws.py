"""Episodes within the classes of one folder: which images are labelled, which are asked. Frozen and hashed.

An image is never on both sides. Draws are Philox words of a stream that the pictures themselves name, so that the same
folder gives the same draws on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench import philox

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Draw:
    """Row numbers of the images that are labelled and of those that are asked."""

    support: Rows
    query: Rows


@dataclass(frozen=True)
class Draws:
    """shots : images a class that are labelled, None for "all but a held-out part"; episodes : in their order"""

    shots: int | None
    episodes: tuple[Draw, ...]


def held_out(identity: str, labels: Rows, folds: int, repeats: int) -> Draws:
    """Stratified folds: in each repeat every image is asked once, while the other folds are labelled."""
    episodes = []
    for repeat in range(repeats):
        order = _shuffled(identity, ("folds", folds), repeat, labels)
        place = np.empty(len(labels), np.int64)
        for rows in _by_class(labels[order]):
            place[order[rows]] = (np.arange(len(rows)) + repeat) % folds
        # a class with more images than folds has several in some of them
        episodes += [Draw(np.flatnonzero(place != fold), np.flatnonzero(place == fold)) for fold in range(folds)]
    return Draws(None, tuple(episodes))


def few_shot(identity: str, labels: Rows, shots: int, number: int) -> Draws:
    """`shots` images of each class are labelled and all others are asked."""
    return Draws(shots, tuple(_few(identity, labels, shots, i) for i in range(number)))


def manifest(identity: str, labels: Rows, draws: Sequence[Draws]) -> str:
    """sha256 over the pictures, their labels and every draw."""
    digest = hashlib.sha256(identity.encode() + labels.astype("<i4").tobytes())
    for episode in (episode for each in draws for episode in each.episodes):
        for rows in (episode.support, episode.query):
            digest.update(len(rows).to_bytes(4, "little") + rows.astype("<i4").tobytes())
    return digest.hexdigest()


def _few(identity: str, labels: Rows, shots: int, number: int) -> Draw:
    order = _shuffled(identity, ("shots", shots), number, labels)
    support = np.concatenate([order[rows[:shots]] for rows in _by_class(labels[order])])
    return Draw(np.sort(support), np.setdiff1d(np.arange(len(labels)), support))


def _shuffled(identity: str, stream: tuple[str, int], number: int, labels: Rows) -> Rows:
    """All rows in a random order: sorted by one word each."""
    words = philox.words(("own", identity, *stream), number, 1, len(labels))[0]
    return np.argsort(words, kind="stable")


def _by_class(labels: Rows) -> Iterator[Rows]:
    return (np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1))
