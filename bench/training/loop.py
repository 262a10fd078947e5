"""Meta-training: the one loop that every learner shares, with the suite's validation rule.

Step t depends on (recipe, seed, t) only: episodes are random access and the random generators are seeded anew before
every step, so that a run killed and continued equals one that was never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch

from bench.domains import TrainingSource
from bench.errors import BenchError, DataInvalid
from bench.learners.contract import Learner
from bench.learners.weights import Tensors, load_weights
from bench.seeding import seed_step
from bench.training.observer import Observer
from bench.training.precision import autocast
from bench.training.recipes import Optimizer, Recipe, Schedule, TrainShape
from bench.training.state import Modules, Progress, TrainingState

Validate = Callable[[], float]
Part = Callable[[str], AbstractContextManager[object]]  # told of each part of a step while it goes on
_NOT_TIMED = nullcontext()
_REPORT_EVERY = 0.5  # seconds between reports of the loss, which cost a device synchronisation


class TrainingError(BenchError):
    """The loss or the learner failed in training; the run's record says so."""


@dataclass(frozen=True)
class Selection:
    """The suite's validation rule as a run applies it: how often, what is better, what is kept."""

    validate: Validate
    higher_is_better: bool
    checks: int
    keep: str  # "validation" keeps the earliest best, "last" the last

    def better(self, score: float, best: float | None) -> bool:
        if self.keep == "last" or not math.isfinite(score):
            return self.keep == "last"
        return best is None or (score != best and (score > best) == self.higher_is_better)


@dataclass
class Trained:
    """Where a training stands: what validation chose so far and what it cost."""

    progress: Progress
    best: Tensors

    def check(self, learner: Learner, selection: Selection, step: int, loss: float, seconds: float) -> float:
        """Validate, keep the weights if they are the best yet, and add a row to the curve; returns the score."""
        score, progress = selection.validate(), self.progress
        if selection.better(score, progress.best_score):
            self.best, progress.best_score, progress.best_step = _copy(learner), score, step
        elif not self.best:  # something has to be kept
            self.best = _copy(learner)
        progress.curve.append({"step": step, "loss": loss, "validation": score, "seconds": round(seconds, 3)})
        return score


def meta_train(
    learner: Learner,
    source: TrainingSource,
    selection: Selection,
    recipe: Recipe,
    seed: int,
    state: TrainingState,
    observer: Observer,
) -> Trained:
    """Train for `recipe.steps` steps, continuing from `state` if there is one; the best validated weights are loaded.

    Raises TrainingError when the loss is not finite or no gradient reaches a weight.
    """
    if type(learner).meta_train is not Learner.meta_train:
        return _own_training(learner, source, selection, recipe, seed, state, observer)
    optimizer = learner.configure_optimizer(recipe.steps) or build_optimizer(recipe.optimizer, learner)
    base_rates = [group["lr"] for group in optimizer.param_groups]
    trained = _restored(state, {"model": learner}, optimizer)
    progress = trained.progress
    source.counters = dict(progress.counters)
    due = check_steps(recipe.steps, selection.checks)
    learner.train()
    began = step_began = reported = time.perf_counter()

    def keep() -> None:
        nonlocal began
        now = time.perf_counter()
        progress.seconds, began = progress.seconds + now - began, now
        progress.counters = dict(source.counters)
        state.save({"model": learner}, trained.best, optimizer, progress)

    while progress.step < recipe.steps:
        loss = take_step(learner, source, optimizer, base_rates, recipe, seed, progress.step)
        progress.step += 1
        try:
            observer.alone()
        except KeyboardInterrupt:
            if progress.step not in due:  # a check is part of its step
                progress.step_seconds += time.perf_counter() - step_began
                keep()
            raise
        now = time.perf_counter()
        if now - reported > _REPORT_EVERY and progress.step not in due:
            reported = now
            rate = progress.step * recipe.batch / max(progress.step_seconds + now - step_began, 1e-9)
            observer.training(progress.step, _finite(loss, progress.step), None, rate)
        if progress.step in due:
            value = _finite(loss, progress.step)
            progress.step_seconds += time.perf_counter() - step_began
            score = trained.check(
                learner, selection, progress.step, value, progress.seconds + time.perf_counter() - began
            )
            keep()
            rate = progress.step * recipe.batch / max(progress.step_seconds, 1e-9)
            observer.training(progress.step, value, score, rate)
            learner.train()
            step_began = reported = time.perf_counter()
    load_weights(learner, trained.best)
    return trained


class Keeper:
    """Lets a learner that overrides `meta_train` be interrupted: what `TrainingSource.resume` and `save` go through."""

    def __init__(
        self, learner: Learner, source: TrainingSource, trained: Trained, state: TrainingState, observer: Observer
    ) -> None:
        self.learner, self.source, self.trained, self.state, self.observer = learner, source, trained, state, observer
        self._modules: Modules = {"model": learner}
        self._optimizer: torch.optim.Optimizer | None = None
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall-clock time in training, all attempts added."""
        return self.trained.progress.seconds + time.perf_counter() - self._began

    def resume(self, optimizer: torch.optim.Optimizer | None, modules: Modules) -> int:
        self._modules, self._optimizer = {"model": self.learner, **modules}, optimizer
        restored = _restored(self.state, self._modules, optimizer)
        self.trained.progress, self.trained.best = restored.progress, restored.best
        self.source.counters = dict(restored.progress.counters)
        return restored.progress.step

    def save(self, step: int) -> None:
        progress = self.trained.progress
        progress.step, progress.counters = step, dict(self.source.counters)
        progress.seconds, self._began = self.seconds, time.perf_counter()
        self.state.save(self._modules, self.trained.best, self._optimizer, progress)


def _own_training(
    learner: Learner,
    source: TrainingSource,
    selection: Selection,
    recipe: Recipe,
    seed: int,
    state: TrainingState,
    observer: Observer,
) -> Trained:
    trained = Trained(Progress(), {})
    keeper = source.keeper = Keeper(learner, source, trained, state, observer)

    def check() -> float:
        number = len(trained.progress.curve) + 1  # its steps are its own: the curve counts checks
        score = trained.check(learner, selection, number, math.nan, keeper.seconds)
        observer.alone()
        return score

    seed_step(seed, 0)
    learner.train()
    learner.meta_train(source, check, recipe.steps)
    source.keeper = None
    if trained.best:
        load_weights(learner, trained.best)
    trained.progress.seconds = trained.progress.step_seconds = keeper.seconds
    trained.best = trained.best or _copy(learner)
    return trained


def _restored(state: TrainingState, modules: Modules, optimizer: torch.optim.Optimizer | None) -> Trained:
    try:
        best, progress = state.load(modules, optimizer) or ({}, Progress())
    except DataInvalid:  # of another form of the learner than its key says: can't be continued
        return Trained(Progress(), {})
    return Trained(progress, best)


def not_timed(name: str) -> AbstractContextManager[object]:
    """A `Part` that takes no notice."""
    return _NOT_TIMED


def take_step(
    learner: Learner,
    source: TrainingSource,
    optimizer: torch.optim.Optimizer,
    base_rates: list[float],
    recipe: Recipe,
    seed: int,
    step: int,
    part: Part = not_timed,
) -> torch.Tensor:
    """Step `step` of a training, from the learning rates to the update; returns the loss, a detached scalar.

    base_rates : learning rates of the optimiser's groups before any schedule
    part : told when "sampling", "gradient" and "update" go on, for who wants to know where the time goes

    Raises TrainingError where the first step leaves no gradient.
    """
    factor = rate_factor(recipe.schedule, step, recipe.steps)
    for group, base in zip(optimizer.param_groups, base_rates, strict=True):
        group["lr"] = base * factor
    seed_step(seed, step)
    shape = recipe.train
    with part("sampling"):
        batch = source.draw(recipe.batch, shape.way, shape.shot, shape.query)
    with part("update"):
        optimizer.zero_grad(set_to_none=True)
    with part("gradient"), autocast(source.device, recipe.precision), _told(learner, shape):
        loss = learner.train_step(batch)
    if step == 0 and all(p.grad is None for group in optimizer.param_groups for p in group["params"]):
        raise TrainingError(
            "train_step left no gradient in any parameter: nothing would be trained.",
            "Call loss.backward(), or fill .grad as bench.meta_gradient's result; see docs/learners.md.",
        )
    with part("update"):
        if recipe.clip_value is not None:
            torch.nn.utils.clip_grad_value_(learner.parameters(), recipe.clip_value)
        if recipe.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(learner.parameters(), recipe.clip_norm)
        optimizer.step()
    return loss.detach()


@contextmanager
def _told(learner: Learner, shape: TrainShape) -> Iterator[None]:
    """While it takes a step, a learner's `task` is that of the batch, whose way or shot may not be the suite's."""
    suites, learner.task = learner.task, learner.task.in_training(shape.way, shape.shot, shape.query)
    try:
        yield
    finally:
        learner.task = suites


def build_optimizer(settings: Optimizer, learner: Learner) -> torch.optim.Optimizer:
    parameters = [p for p in learner.parameters() if p.requires_grad]
    if settings.name == "sgd":
        return torch.optim.SGD(parameters, settings.lr, settings.momentum, weight_decay=settings.weight_decay)
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(parameters, settings.lr, weight_decay=settings.weight_decay, fused=True)


def rate_factor(schedule: Schedule, step: int, steps: int) -> float:
    """Factor on the learning rate at `step` of `steps`."""
    if schedule.name == "cosine":
        return 0.5 * (1 + math.cos(math.pi * step / steps))
    if schedule.name == "step" and schedule.every:
        return schedule.gamma ** (step // schedule.every)
    return 1.0


def check_steps(steps: int, checks: int) -> set[int]:
    """When to validate: `checks` times, evenly, the last after the last step.

    >>> sorted(check_steps(10, 4))
    [2, 5, 8, 10]
    """
    return {max(1, round(steps * (k + 1) / checks)) for k in range(checks)}


def _copy(learner: Learner) -> Tensors:
    return {name: value.detach().clone() for name, value in learner.state_dict().items()}


def _finite(loss: torch.Tensor, step: int) -> float:
    value = float(loss)
    if not math.isfinite(value):
        raise TrainingError(
            f"The training loss is {value} after {step} steps.",
            "Lower the learning rate or clip gradients in the recipe.",
        )
    return value
