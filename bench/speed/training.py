"""How fast a learner trains, and where the time of its steps goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from bench.domains import TrainingSource
from bench.learners.contract import Learner
from bench.runs.timing import synchronise
from bench.speed.parts import Clocks, draws_timed, loss_timed, splits
from bench.training.loop import Part, build_optimizer, not_timed, take_step
from bench.training.recipes import Recipe

Block = dict[str, float]  # milliseconds a step by part
_BLOCKS = (5, 3, 1)  # odd, so that one of them is the median


@dataclass
class Timed:
    """Blocks of steps.

    rates : steps per second of blocks whose parts were not timed
    blocks : milliseconds a step of the parts, of blocks in which they were; they add up to the step
    steps : that were timed
    """

    rates: list[float] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    steps: int = 0


class Steps:
    """The shared loop's steps, one after the other as in a training, without its checks."""

    def __init__(self, learner: Learner, source: TrainingSource, recipe: Recipe, seed: int) -> None:
        self.learner, self.source, self.recipe, self.seed, self.done = learner, source, recipe, seed, 0
        self.optimizer = learner.configure_optimizer(recipe.steps) or build_optimizer(recipe.optimizer, learner)
        self._rates = [group["lr"] for group in self.optimizer.param_groups]
        self.clocks = Clocks(source.device)

    def __call__(self, n: int, part: Part = not_timed) -> None:
        """`n` more of them; where the recipe ends, its first step follows."""
        self.learner.train()
        for _ in range(n):
            step = self.done % self.recipe.steps
            take_step(self.learner, self.source, self.optimizer, self._rates, self.recipe, self.seed, step, part)
            self.done += 1

    def timed(self, n: int) -> Block:
        """Milliseconds a step by part over `n` of them; "harness" is what no part took."""
        part, split = self.clocks.part, splits(self.learner)
        with ExitStack() as stack:
            if split:
                stack.enter_context(loss_timed(self.learner, part("forward")))
            self.clocks.take()
            whole = _seconds(self.source, partial(self, n, part))
        took = self.clocks.take()
        gradient = {"forward and backward": took["gradient"]}
        if split:
            gradient = {"forward": took["forward"], "backward": took["gradient"] - took["forward"]}
        parts = {"sampling of episodes": took["sampling"], **gradient, "optimiser": took["update"]}
        parts["harness"] = whole - sum(parts.values())
        return {name: 1e3 * max(seconds, 0.0) / n for name, seconds in parts.items()}


def time_steps(steps: Steps, seconds: float, alone: Callable[[], None]) -> Timed:
    """Warm up, then blocks by turns: with and without clocks at the borders of their parts, for about `seconds`.

    alone : called between blocks, as `Observer.alone`
    """
    warm: list[float] = []
    began = time.perf_counter()
    while len(warm) < 2 or (len(warm) < 10 and time.perf_counter() - began < seconds / 10):
        warm.append(_seconds(steps.source, partial(steps, 1)))
        alone()
    found = Timed()
    for n in _sizes(min(warm[1:]), seconds):
        found.rates.append(n / _seconds(steps.source, partial(steps, n)))
        alone()
        found.blocks.append(steps.timed(n))
        alone()
        found.steps += 2 * n
    return found


def time_own(
    learner: Learner, source: TrainingSource, recipe: Recipe, seconds: float, alone: Callable[[], None]
) -> Timed:
    """The same for a `meta_train` of the learner's own: what it draws is seen, the rest is its own business.

    It is called for few steps at a time. Its checks cost nothing here: they are answered by 0.
    """
    clocks, found = Clocks(source.device), Timed()

    def train(n: int) -> float:
        source.seed_step(0)
        learner.train()
        return _seconds(source, lambda: learner.meta_train(source, lambda: 0.0, n))

    train(1)
    alone()
    once, most = train(1), seconds / 20
    n = max(1, min(recipe.steps, int(most / max(once, 1e-9))))
    each = train(n) / n if n > 1 else once  # what is done once a training counts less in a longer one
    for n in _sizes(each, seconds, at_most=recipe.steps):
        alone()
        found.rates.append(n / train(n))
        alone()
        with draws_timed(source, clocks.part("sampling")):
            whole = train(n)
        sampling = clocks.take()["sampling"]
        block = {"sampling of episodes": sampling, "its own training": max(whole - sampling, 0.0)}
        found.blocks.append({name: 1e3 * took / n for name, took in block.items()})
        found.steps += 2 * n
    return found


def median_block(blocks: list[Block]) -> Block:
    """The block whose steps took the median time: its parts add up, which medians of each part would not.

    >>> median_block([{"a": 1.0, "b": 5.0}, {"a": 2.0, "b": 2.0}, {"a": 9.0, "b": 9.0}])
    {'a': 1.0, 'b': 5.0}
    """
    return sorted(blocks, key=lambda block: sum(block.values()))[len(blocks) // 2]


def _sizes(each: float, seconds: float, at_most: int | None = None) -> Iterator[int]:
    """Steps of each block, of which there are two kinds: at least one, fewer blocks where steps are long."""
    blocks = next((n for n in _BLOCKS if 2 * n * each <= 2 * seconds), _BLOCKS[-1])
    n = max(1, int(seconds / (2 * blocks * max(each, 1e-9))))
    for _ in range(blocks):
        yield min(n, at_most or n)


def _seconds(source: TrainingSource, work: Callable[[], object]) -> float:
    synchronise(source.device)
    began = time.perf_counter()
    work()
    synchronise(source.device)
    return time.perf_counter() - began
