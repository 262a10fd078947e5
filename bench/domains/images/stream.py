"""Episodes of image classification as indices: which classes, which images, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.domains.images.task import ImageTask
from bench.domains.task import Split
from bench.errors import BenchError, UsageError
from bench.philox import Stream, words
from bench.tasks.draws import Integers, distinct, permutations


@dataclass(frozen=True)
class ImageIndices:
    """A block of n episodes. Label l of an episode is its l-th drawn class.

    classes : int64 [n, way], distinct class ids
    support : int64 [n, way, shot], image numbers within the class
    query : int64 [n, way * query], image numbers within the class, in the drawn order
    query_y : int64 [n, way * query], their labels
    """

    classes: Integers
    support: Integers
    query: Integers
    query_y: Integers


@dataclass(frozen=True)
class ImageStream:
    """An endless, random-access stream of episodes over a pool of classes.

    stream : names the Philox key, normally (suite, version, split, seed)
    counts : int64 [n_classes], images of each class

    Raises UsageError for a pool that has too few classes, or a class of too few images.
    """

    stream: Stream
    counts: Integers
    way: int
    shot: int
    query: int

    def __post_init__(self) -> None:
        fewest = int(self.counts.min(initial=self.shot + self.query))
        if len(self.counts) < self.way or fewest < self.shot + self.query:
            raise UsageError(
                f"{'/'.join(map(str, self.stream))}: episodes of {self.way} classes of {self.shot} + {self.query} "
                f"images can't be drawn from a pool of {len(self.counts)} classes, the smallest of {fewest} images.",
                "Ask for a smaller way, shot or query, or add images.",
            )

    @property
    def width(self) -> int:
        """Words an episode consumes."""
        per_class = self.shot + self.query
        return self.way + self.way * per_class + self.way * self.query

    def block(self, first: int, n: int) -> ImageIndices:
        """Episodes first .. first + n - 1."""
        return self.from_words(words(self.stream, first, n, self.width))

    def from_words(self, raw: np.ndarray) -> ImageIndices:
        n, way, per_class = len(raw), self.way, self.shot + self.query
        a, b = way, way + way * per_class
        classes = distinct(raw[:, :a], len(self.counts))
        images = distinct(raw[:, a:b].reshape(n * way, per_class), self.counts[classes].reshape(-1))
        images = images.reshape(n, way, per_class)
        order = permutations(raw[:, b : b + way * self.query])
        query = np.take_along_axis(images[:, :, self.shot :].reshape(n, -1), order, axis=1)
        return ImageIndices(classes, np.ascontiguousarray(images[:, :, : self.shot]), query, order // self.query)


def pool_counts(suite: str, task: ImageTask, split: Split) -> Integers:
    """Images per class that a suite declares for a split: int64 [classes]."""
    if task.pool is None:
        raise BenchError(
            f"Suite {suite} takes its pool from a folder; its episodes can't be drawn without the images.",
            "Load the images first, or declare `pool:` in the suites file.",
        )
    classes, images = task.pool[split]
    return np.full(classes, images, dtype=np.int64)
