"""Episodes of images as tensors: drawn for training, and frozen ones that are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bench.domains.episodes import Episodes
from bench.domains.images.pool import ImagePool
from bench.domains.images.scoring import score_images
from bench.domains.images.stream import ImageIndices, ImageStream
from bench.domains.images.task import image_task
from bench.domains.predicting import FrozenEpisodes
from bench.domains.sources import Columns, Scorer, TrainingSource, pieces
from bench.learners.contract import EmbeddingLearner, Learner
from bench.learners.predictions import Answer
from bench.philox import below, words

if TYPE_CHECKING:
    from bench.tasks.suites import Suite

EMBED_CHUNK = 256  # images an embedding call; always full, so that an embedding does not depend on how many are asked
_PREFETCH = 64  # steps drawn at once: the vectorised draw costs about the same for one step as for many


class ImageSource(TrainingSource):
    """Training episodes and flat batches of the train split's images."""

    def __init__(self, suite: Suite, seed: int, device: torch.device, pool: ImagePool) -> None:
        super().__init__(suite, seed, device)
        self.task, self.pool = image_task(suite), pool
        self._ready: dict[str, tuple[int, ImageIndices]] = {}

    def episodes(
        self, batch: int, way: int | None = None, shot: int | None = None, query: int | None = None
    ) -> Episodes:
        """The next `batch` training episodes, in the suite's shape unless told otherwise."""
        shape = (way or self.task.way, shot or self.task.shot, query or self.task.query)
        name = "episodes:" + ",".join(map(str, (batch, *shape)))
        step = self._next(name)
        first, ready = self._ready.get(name, (-_PREFETCH, None))
        if ready is None or not first <= step < first + _PREFETCH:
            stream = self.stream(*shape)
            first, ready = step, stream.block(step * batch, _PREFETCH * batch)
            self._ready[name] = (first, ready)
        part = slice((step - first) * batch, (step - first + 1) * batch)
        indices = ImageIndices(ready.classes[part], ready.support[part], ready.query[part], ready.query_y[part])
        return image_batch(self.pool, indices, step * batch)

    draw = episodes

    def stream(self, way: int, shot: int, query: int) -> ImageStream:
        """The training episodes of a shape, as indices."""
        return ImageStream(self.stream_name, self.pool.counts, way, shot, query)

    def batches(self, n: int) -> tuple[Tensor, Tensor]:
        """The next flat batch: images [n, C, H, W] float32 in [0, 1] and train class ids [n] int64."""
        step = self._next(f"flat:{n}")
        raw = words((*self.stream_name[:2], "flat", self.seed), step * n, n, 2)
        classes = below(raw[:, 0], self.pool.n_classes)
        rows = self.pool.rows(classes, below(raw[:, 1], self.pool.counts[classes]))
        return self.pool.gather(rows), torch.from_numpy(classes).to(self.device)


class FrozenImages(FrozenEpisodes):
    """Frozen episodes over a pool. Inductive embedding learners embed each image once, however many episodes ask."""

    def __init__(self, suite: Suite, device: torch.device, stream: ImageStream, pool: ImagePool) -> None:
        super().__init__(suite, device)
        self.stream, self.pool = stream, pool

    def shapes(self, first: int, n: int, batch: int) -> Iterator[tuple[int, int]]:
        return pieces(first, n, batch)

    def episodes(self, first: int, n: int) -> Episodes:
        return image_batch(self.pool, self.stream.block(first, n), first)

    def labels(self, first: int, n: int) -> Episodes:
        return image_batch(self.pool, self.stream.block(first, n), first, pixels=False)

    def columns(self, episodes: Episodes, answer: Answer) -> Columns:
        return score_images(episodes, answer)

    def scorer(self, learner: Learner, first: int, n: int) -> Scorer:
        if not isinstance(learner, EmbeddingLearner) or learner.transductive or learner.privileged:
            return super().scorer(learner, first, n)
        return self.scored(self._embedded(learner, first, n))

    def _embedded(self, learner: EmbeddingLearner, first: int, n: int) -> Callable[[int, int], Tensor]:
        """Embed what the episodes ask for; how to answer them from the table."""
        used = torch.zeros(len(self.pool.images), dtype=torch.bool, device=self.device)
        for piece in self.shapes(first, n, 1_000):
            for rows in self._rows(*piece):
                used[rows.flatten()] = True
        rows = used.nonzero().flatten()
        place = torch.cumsum(used, 0) - 1  # pool row -> row of the embedding table
        padded = torch.cat([rows, rows[:1].expand(-len(rows) % EMBED_CHUNK)])
        table = embedded(learner, self.pool, padded.view(-1, EMBED_CHUNK))

        def question(first: int, n: int) -> tuple[Tensor, Tensor, Tensor]:
            support, query = (table[place[rows]] for rows in self._rows(first, n))
            return support, support_labels(n, self.stream.way, self.stream.shot, self.device), query

        def answer(first: int, n: int) -> Tensor:
            return learner.classify(*question(first, n))

        return answer

    def _rows(self, first: int, n: int) -> tuple[Tensor, Tensor]:
        """Pool rows of the support and the query images of some episodes."""
        rows = self.labels(first, n).rows
        assert rows is not None
        return rows


def embedded(learner: EmbeddingLearner, pool: ImagePool, chunks: Tensor) -> Tensor:
    """Embeddings [N * EMBED_CHUNK, ...] of pool rows [N, EMBED_CHUNK], each written where it stays."""
    first = learner.embed(pool.gather(chunks[0]))
    table = torch.empty(  # in the memory format of the maps: convolutions over them come next
        (chunks.numel(), *first.shape[1:]), dtype=first.dtype, device=first.device, memory_format=memory_format(first)
    )
    table[: len(first)] = first
    for number, rows in enumerate(chunks[1:], 1):  # a list to be joined at the end would be all of it twice
        table[number * EMBED_CHUNK : (number + 1) * EMBED_CHUNK] = learner.embed(pool.gather(rows))
    return table


def memory_format(maps: Tensor) -> torch.memory_format:
    last = maps.dim() == 4 and maps.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def image_batch(pool: ImagePool, indices: ImageIndices, first: int, pixels: bool = True) -> Episodes:
    """Indices -> tensors. Support is grouped by label, queries lie in the drawn order."""
    n, way, shot = indices.support.shape
    support = pool.rows(indices.classes[:, :, None], indices.support).reshape(n, way * shot)
    query = pool.rows(np.take_along_axis(indices.classes, indices.query_y, axis=1), indices.query)
    device = pool.images.device
    nothing = torch.empty(0, device=device)
    return Episodes(
        support_x=pool.gather(support) if pixels else nothing,
        support_y=support_labels(n, way, shot, device),
        query_x=pool.gather(query) if pixels else nothing,
        query_y=torch.from_numpy(indices.query_y).to(device),
        first=first,
        way=way,
        classes=indices.classes,
        rows=(support, query),
    )


def support_labels(n: int, way: int, shot: int, device: torch.device) -> Tensor:
    """Labels of support images that are grouped by label: int64 [n, way * shot]."""
    return torch.arange(way, device=device).repeat_interleave(shot).expand(n, -1).contiguous()
