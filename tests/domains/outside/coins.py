"""A domain as an installed package would bring it: how likely is heads, after a few tosses of a coin?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

import bench
from bench.domains import Batch, Domain, Frozen, Loaded, MetricFacts, Scorer, TaskDefinition, TaskSpec, TrainingSource
from bench.philox import uniform, words


class CoinTask(TaskDefinition):
    kind: Literal["coin"]
    tosses: int


@dataclass(frozen=True)
class CoinSpec(TaskSpec):
    kind: ClassVar[str] = "estimation"

    tosses: int


@dataclass(frozen=True)
class Coins:
    """B coins: heads [B, tosses] float32, 0 or 1; chance [B] of heads."""

    heads: Tensor
    chance: Tensor


def toss(stream: tuple[Any, ...], tosses: int, first: int, n: int, device: torch.device) -> Coins:
    drawn = torch.from_numpy(uniform(words(stream, first, n, 1 + tosses))).to(device, torch.float32)
    return Coins((drawn[:, 1:] < drawn[:, :1]).float(), drawn[:, 0])


class Estimator(bench.Learner):
    """What learners of this domain implement: estimate(heads [B, tosses]) -> [B], chances of heads."""

    family = "model"
    domains = ("estimation",)

    def estimate(self, heads: Tensor) -> Tensor:
        raise NotImplementedError

    def train_step(self, coins: Coins) -> Tensor:
        loss = (self.estimate(coins.heads) - coins.chance).square().mean()
        loss.backward()
        return loss


class Tosses(TrainingSource):
    def __init__(self, suite: Any, seed: int, device: torch.device) -> None:
        super().__init__(suite, seed, device)
        self.tosses = suite.task.tosses

    def draw(self, batch: int, way: int | None = None, shot: int | None = None, query: int | None = None) -> Coins:
        return toss(self.stream_name, self.tosses, self._next(f"coins:{batch}") * batch, batch, self.device)


class FrozenCoins(Frozen):
    def __init__(self, suite: Any, device: torch.device, stream: tuple[Any, ...]) -> None:
        super().__init__(suite, device)
        self.stream = stream

    def scorer(self, learner: Any, first: int, n: int) -> Scorer:
        def scored(first: int, n: int, batch: int) -> Iterator[Batch]:
            for start in range(first, first + n, batch):
                size = min(batch, first + n - start)
                coins = toss(self.stream, self.suite.task.tosses, start, size, self.device)
                answer = learner.estimate(coins.heads)
                error = (answer - coins.chance).abs().double().cpu().numpy()
                columns = {"score": error, "floored": error != error}
                yield Batch(start, columns, {"final": bench.Point(answer)}, coins)

        return scored

    def singles(self, learner: Any, n: int) -> Iterator[Callable[[], object]]:
        for k in range(n):
            yield partial(learner.estimate, toss(self.stream, self.suite.task.tosses, k, 1, self.device).heads)


class Estimation(Domain):
    kind = "estimation"
    tasks = (CoinTask,)
    metrics: ClassVar = {"error": MetricFacts("chance of heads", higher_is_better=False, ranked=True)}
    examples: ClassVar = {"coin": CoinSpec(6)}

    def load(self, suite: Any, device: torch.device, data_dir: Any) -> Loaded:
        return Loaded(CoinSpec(suite.task.tosses))

    def frozen(self, suite: Any, split: str, device: torch.device, data: Any = None, salt: int = 0) -> FrozenCoins:
        return FrozenCoins(suite, device, (suite.name, suite.version, split, salt))

    def training(self, suite: Any, seed: int, device: torch.device, data: Any = None) -> Tosses:
        return Tosses(suite, seed, device)

    def manifest(self, suite: Any, n: int, data: Any = None) -> Iterator[bytes]:
        yield words((suite.name, suite.version, "test", 0), 0, n, 1 + suite.task.tosses).astype("<u8").tobytes()

    def small(self, spec: Any) -> CoinSpec:
        return spec

    def example(self, spec: Any, first: int, n: int) -> Coins:
        return toss(("checks", "coins"), spec.tosses, first, n, torch.device("cpu"))

    def ask(self, learner: Any, example: Any) -> dict[str, Any]:
        return {"final": bench.Point(learner.estimate(example.heads))}
