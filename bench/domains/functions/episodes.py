"""Episodes of functions as tensors: drawn for training, and frozen ones that are scored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bench.domains.episodes import Episodes
from bench.domains.functions.scoring import score_functions
from bench.domains.functions.stream import Functions, GPStream, SinusoidStream
from bench.domains.functions.task import FunctionTask, SinusoidTask, function_task
from bench.domains.predicting import FrozenEpisodes
from bench.domains.sources import Columns, TrainingSource
from bench.learners.predictions import Answer
from bench.philox import Stream

if TYPE_CHECKING:
    from bench.tasks.suites import Suite

_PREFETCH = 64  # steps drawn at once: the vectorised draw costs about the same for one step as for many


class FunctionSource(TrainingSource):
    """Training episodes of one seed."""

    def __init__(self, suite: Suite, seed: int, device: torch.device) -> None:
        super().__init__(suite, seed, device)
        self.task = function_task(suite)
        self._ready: dict[str, tuple[int, list[Episodes]]] = {}

    def episodes(
        self, batch: int, way: int | None = None, shot: int | None = None, query: int | None = None
    ) -> Episodes:
        """The next `batch` training episodes; functions have no classes, so that `way` says nothing.

        `shot` and `query` are support and query points of sinusoids where they are not the suite's; Gaussian processes
        draw their sizes themselves, anew for every batch.
        """
        name = "episodes:" + ",".join(map(str, (batch, 0, shot or 0, query or 0)))
        step = self._next(name)
        first, ready = self._ready.get(name, (-_PREFETCH, []))
        if not first <= step < first + _PREFETCH:
            first, ready = step, self._prefetched(step * batch, batch, shot, query)
            self._ready[name] = (first, ready)
        return ready[step - first]

    draw = episodes

    def _prefetched(self, first: int, batch: int, shot: int | None, query: int | None) -> list[Episodes]:
        stream = training_stream(self.stream_name, self.task, shot, query, batch)
        if isinstance(stream, GPStream):
            blocks = stream.blocks(first, _PREFETCH * batch, batch)
            return [function_batch(block, self.device, told=False) for block in blocks]
        return _pieces(function_batch(stream.block(first, _PREFETCH * batch), self.device), batch)


class FrozenFunctions(FrozenEpisodes):
    """Frozen episodes of functions."""

    def __init__(self, suite: Suite, device: torch.device, stream: SinusoidStream | GPStream) -> None:
        super().__init__(suite, device)
        self.task, self.stream = function_task(suite), stream

    def shapes(self, first: int, n: int, batch: int) -> Iterator[tuple[int, int]]:
        return self.stream.pieces(first, n, batch)

    def episodes(self, first: int, n: int) -> Episodes:
        return function_batch(self.stream.block(first, n), self.device)

    def columns(self, episodes: Episodes, answer: Answer) -> Columns:
        return score_functions(self.suite, episodes, answer)


def training_stream(
    name: Stream, task: FunctionTask, shot: int | None = None, query: int | None = None, batch: int = 1
) -> SinusoidStream | GPStream:
    """Training episodes as arrays."""
    if isinstance(task, SinusoidTask):
        sizes = {"context": shot or task.context, "target": query or task.target}
        return SinusoidStream(name, task.model_copy(update=sizes))
    return GPStream(name, task, task.train_kernel, per_block=batch)


def function_batch(block: Functions, device: torch.device, told: bool = True) -> Episodes:
    """Arrays -> tensors; `told`: with what generated each function."""

    def tensor(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(device)

    return Episodes(
        tensor(block.support_x),
        tensor(block.support_y),
        tensor(block.query_x),
        tensor(block.query_y),
        block.first,
        parameters={name: tensor(value) for name, value in block.parameters.items()} if told else {},
    )


def _pieces(episodes: Episodes, batch: int) -> list[Episodes]:
    """A long batch cut into short ones; the parts are views."""
    return [
        Episodes(
            episodes.support_x[i : i + batch],
            episodes.support_y[i : i + batch],
            episodes.query_x[i : i + batch],
            episodes.query_y[i : i + batch],
            episodes.first + i,
        )
        for i in range(0, len(episodes), batch)
    ]
