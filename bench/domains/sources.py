"""Where problems come from at run time: what training draws, and the frozen ones that are scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

    from bench.learners.contract import Learner
    from bench.tasks.suites import Suite

Columns = dict[str, "np.ndarray"]  # of per-episode scores: "score" is ranked, "floored" marks answers without numbers


@dataclass(frozen=True)
class Batch:
    """Problems as they were answered and scored.

    first : number of the first one in its stream
    columns : their scores
    answers : the predictions by name, as `Domain.ask` returns them
    asked : what was asked, as `Domain.ask` takes it, for the audit; None where `Frozen.problem` draws it again
    """

    first: int
    columns: Columns
    answers: Mapping[str, Any] = field(default_factory=dict)
    asked: Any = None


Scorer = Callable[[int, int, int], Iterator[Batch]]  # (first, n, batch) -> batches


def pieces(first: int, n: int, batch: int) -> Iterator[tuple[int, int]]:
    """Problems first .. first + n - 1 as (first, n) of pieces of at most `batch`.

    >>> list(pieces(3, 5, 2))
    [(3, 2), (5, 2), (7, 1)]
    """
    for start in range(first, first + n, batch):
        yield start, min(batch, first + n - start)


class Keeper(Protocol):
    """Who keeps the state of a training that runs by itself."""

    def resume(self, optimizer: torch.optim.Optimizer | None, modules: dict[str, nn.Module]) -> int: ...

    def save(self, step: int) -> None: ...


class TrainingSource(ABC):
    """What `meta_train` may draw from: the train split, nothing else.

    Draw k of a shape is a pure function of (suite, seed, shape, k), so that resuming needs only the counters.
    """

    def __init__(self, suite: Suite, seed: int, device: torch.device) -> None:
        self.name, self.stream_name = suite.name, (suite.name, suite.version, "train", seed)
        self.seed, self.device = seed, device
        self.counters: dict[str, int] = {}
        self.keeper: Keeper | None = None

    @abstractmethod
    def draw(self, batch: int, way: int | None = None, shot: int | None = None, query: int | None = None) -> Any:
        """What the next `train_step` takes: `batch` problems, in the suite's shape unless told otherwise."""

    def __getattr__(self, name: str) -> NoReturn:
        own = {name for kind in type(self).__mro__[:-1] for name in vars(kind) if not name.startswith("_")}
        suite = self.__dict__.get("name")
        raise AttributeError(f"suite {suite} draws no {name!r}; its source has {', '.join(sorted(own))}")

    def resume(self, optimizer: torch.optim.Optimizer | None = None, **modules: nn.Module) -> int:
        """For a `meta_train` that can be interrupted: restore what `save` kept, and return how many steps were done.

        optimizer, modules : what has a state besides the learner, such as a head that is thrown away afterwards
        """
        return self.keeper.resume(optimizer, modules) if self.keeper else 0

    def seed_step(self, step: int) -> None:
        """Seed torch's, numpy's and Python's generators for one step of a `meta_train` of one's own."""
        from bench.seeding import seed_step

        seed_step(self.seed, step)

    def save(self, step: int) -> None:
        """Keep the learner and what `resume` was told of: `step` steps are done. Call it after `validate`."""
        if self.keeper:
            self.keeper.save(step)

    def _next(self, name: str) -> int:
        """The number of this draw among those of its name."""
        step = self.counters.get(name, 0)
        self.counters[name] = step + 1
        return step


class Frozen(ABC):
    """A frozen stream of a suite on a device: problem k is the same for everybody."""

    def __init__(self, suite: Suite, device: torch.device) -> None:
        self.suite, self.device = suite, device

    @abstractmethod
    def scorer(self, learner: Learner, first: int, n: int) -> Scorer:
        """How to score problems first .. first + n - 1 in batches of any size; called under `no_grad` in eval mode."""

    def problem(self, batch: Batch, place: int) -> Any:
        """Problem `place` of an answered batch once more, alone, as `Domain.ask` takes it; None where there is none."""
        from bench.domains.tensors import chosen

        return None if batch.asked is None else chosen(batch.asked, [place])

    @abstractmethod
    def singles(self, learner: Learner, n: int) -> Iterator[Callable[[], object]]:
        """The first `n` problems, drawn, each ready to be answered by a call: what a user with a new one waits for."""
