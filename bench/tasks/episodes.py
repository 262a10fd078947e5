"""A batch of episodes as tensors, and the sources that training, validation and test draw them from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from bench.philox import below, words
from bench.tasks.environments import Environments, Trials, environments, frozen_trials
from bench.tasks.function_episodes import Functions, GPStream, SinusoidStream
from bench.tasks.image_episodes import ImageIndices, ImageStream
from bench.tasks.pool import ImagePool
from bench.tasks.seeding import seed_step
from bench.tasks.streams import EpisodeStream, training_stream
from bench.tasks.suites import ExplorationTask, GPTask, ImageTask, Suite
from bench.tasks.trials import BanditStream, MDPStream

_PREFETCH = 64  # steps drawn at once: the vectorised draw costs about the same for one step as for many


@dataclass(frozen=True)
class Episodes:
    """B episodes of one shape.

    Images: support_x [B, S, C, H, W] float32 in [0, 1], support_y [B, S] int64, query_x and query_y likewise.
    Functions: support_x [B, S, dx] float32, support_y [B, S, dy], query_x [B, Q, dx], query_y [B, Q, dy].

    first : number of the first episode in its stream
    way : classes an episode, 0 for functions
    classes : int64 [B, way] class ids, None for functions
    rows : pool rows of the support [B, S] and the query images [B, Q], None for functions
    parameters : what generated each function, float32 [B]; given to oracles only
    """

    support_x: Tensor
    support_y: Tensor
    query_x: Tensor
    query_y: Tensor
    first: int
    way: int = 0
    classes: np.ndarray | None = None
    rows: tuple[Tensor, Tensor] | None = None
    parameters: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.query_y)


@dataclass(frozen=True)
class EvaluationEpisodes:
    """A frozen stream as batches on a device."""

    stream: EpisodeStream
    device: torch.device
    pool: ImagePool | None = None

    def batches(self, n: int, batch: int, first: int = 0, images: bool = True) -> Iterator[Episodes]:
        """Episodes first .. first + n - 1, at most `batch` at a time; `images=False` leaves out the pixels."""
        if isinstance(self.stream, ImageStream):
            assert self.pool is not None
            for start in range(first, first + n, batch):
                yield image_batch(self.pool, self.stream.block(start, min(batch, first + n - start)), start, images)
        elif isinstance(self.stream, BanditStream | MDPStream):
            raise TypeError(f"{'/'.join(map(str, self.stream.stream))}: exploration has trials, not episodes")
        else:
            for block in self.stream.blocks(first, n, batch):
                yield function_batch(block, self.device)

    def trials(self, n: int, batch: int, first: int = 0) -> Iterator[Trials]:
        """The same for exploration: trials first .. first + n - 1, at most `batch` at a time."""
        assert isinstance(self.stream, BanditStream | MDPStream)
        for start in range(first, first + n, batch):
            yield frozen_trials(self.stream, start, min(batch, first + n - start), self.device)


class Keeper(Protocol):
    """Who keeps the state of a training that runs by itself."""

    def resume(self, optimizer: torch.optim.Optimizer | None, modules: dict[str, nn.Module]) -> int: ...

    def save(self, step: int) -> None: ...


class TrainingSource:
    """What `meta_train` may draw from: the train split, nothing else.

    Episode k of a shape is a pure function of (suite, seed, shape, k), so that resuming needs only the counters.
    """

    def __init__(self, suite: Suite, seed: int, device: torch.device, pool: ImagePool | None) -> None:
        self.suite, self.seed, self.device, self.pool = suite, seed, device, pool
        self.counters: dict[str, int] = {}
        self.keeper: Keeper | None = None
        self._ready: dict[str, tuple[int, list[Episodes] | ImageIndices]] = {}

    def episodes(
        self, batch: int, way: int | None = None, shot: int | None = None, query: int | None = None
    ) -> Episodes:
        """The next `batch` training episodes, in the suite's shape unless told otherwise.

        For sinusoids `shot` and `query` are support and query points; Gaussian processes draw their sizes themselves.
        """
        task = self.suite.task
        if isinstance(task, ExplorationTask):
            raise TypeError(f"suite {self.suite.name} has no episodes to answer: draw environments")
        if not isinstance(task, ImageTask):
            return self._functions(batch, shot, query)
        shape = (way or task.way, shot or task.shot, query or task.query)
        name = "episodes:" + ",".join(map(str, (batch, *shape)))
        step = self._next(name)
        first, ready = self._ready.get(name, (-_PREFETCH, None))
        if ready is None or not first <= step < first + _PREFETCH:
            assert self.pool is not None
            stream = training_stream(self.suite, self.seed, self.pool.counts, shape)
            assert isinstance(stream, ImageStream)
            first, ready = step, stream.block(step * batch, _PREFETCH * batch)
            self._ready[name] = (first, ready)
        assert isinstance(ready, ImageIndices) and self.pool is not None
        part = slice((step - first) * batch, (step - first + 1) * batch)
        indices = ImageIndices(ready.classes[part], ready.support[part], ready.query[part], ready.query_y[part])
        return image_batch(self.pool, indices, step * batch)

    def batches(self, n: int) -> tuple[Tensor, Tensor]:
        """The next flat batch: images [n, C, H, W] float32 in [0, 1] and train class ids [n] int64."""
        if self.pool is None:
            raise TypeError(f"suite {self.suite.name} has no labelled images to draw flat batches from")
        step = self._next(f"flat:{n}")
        raw = words((self.suite.name, self.suite.version, "flat", self.seed), step * n, n, 2)
        classes = below(raw[:, 0], self.pool.n_classes)
        rows = self.pool.rows(classes, below(raw[:, 1], self.pool.counts[classes]))
        return self.pool.gather(rows), torch.from_numpy(classes).to(self.device)

    def environments(self, batch: int) -> Environments:
        """The next `batch` training trials of exploration, none of which was drawn before."""
        if not isinstance(self.suite.task, ExplorationTask):
            raise TypeError(f"suite {self.suite.name} has no environments to act in: draw episodes")
        stream = training_stream(self.suite, self.seed, None, (0, 0, 0))
        assert isinstance(stream, BanditStream | MDPStream)
        return environments(stream, self._next(f"environments:{batch}") * batch, batch, self.device)

    def _functions(self, batch: int, support: int | None, query: int | None) -> Episodes:
        shape = (0, support or 0, query or 0)
        name = "episodes:" + ",".join(map(str, (batch, *shape)))
        step = self._next(name)
        first, ready = self._ready.get(name, (-_PREFETCH, []))
        if not first <= step < first + _PREFETCH:
            stream = training_stream(self.suite, self.seed, None, shape, batch)
            assert isinstance(stream, SinusoidStream | GPStream)
            if isinstance(self.suite.task, GPTask):
                ready = [function_batch(b, self.device) for b in stream.blocks(step * batch, _PREFETCH * batch, batch)]
            else:
                ready = _pieces(function_batch(stream.block(step * batch, _PREFETCH * batch), self.device), batch)
            first = step
            self._ready[name] = (first, ready)
        assert isinstance(ready, list)
        return ready[step - first]

    def resume(self, optimizer: torch.optim.Optimizer | None = None, **modules: nn.Module) -> int:
        """For a `meta_train` that can be interrupted: restore what `save` kept, and return how many steps were done.

        optimizer, modules : what has a state besides the learner, such as a head that is thrown away afterwards
        """
        return self.keeper.resume(optimizer, modules) if self.keeper else 0

    def seed_step(self, step: int) -> None:
        """Seed torch's, numpy's and Python's generators for one step of a `meta_train` of one's own."""
        seed_step(self.seed, step)

    def save(self, step: int) -> None:
        """Keep the learner and what `resume` was told of: `step` steps are done. Call it after `validate`."""
        if self.keeper:
            self.keeper.save(step)

    def _next(self, name: str) -> int:
        step = self.counters.get(name, 0)
        self.counters[name] = step + 1
        return step


def image_batch(pool: ImagePool, indices: ImageIndices, first: int, images: bool = True) -> Episodes:
    """Indices -> tensors. Support is grouped by label, queries lie in the drawn order."""
    n, way, shot = indices.support.shape
    support = pool.rows(indices.classes[:, :, None], indices.support).reshape(n, way * shot)
    query = pool.rows(np.take_along_axis(indices.classes, indices.query_y, axis=1), indices.query)
    device = pool.images.device
    nothing = torch.empty(0, device=device)
    return Episodes(
        support_x=pool.gather(support) if images else nothing,
        support_y=torch.arange(way, device=device).repeat_interleave(shot).expand(n, -1).contiguous(),
        query_x=pool.gather(query) if images else nothing,
        query_y=torch.from_numpy(indices.query_y).to(device),
        first=first,
        way=way,
        classes=indices.classes,
        rows=(support, query),
    )


def function_batch(block: Functions, device: torch.device) -> Episodes:
    def tensor(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(device)

    return Episodes(
        tensor(block.support_x),
        tensor(block.support_y),
        tensor(block.query_x),
        tensor(block.query_y),
        block.first,
        parameters={name: tensor(value) for name, value in block.parameters.items()},
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
