"""Meta-training: the one loop that every learner shares, with the suite's validation rule.

Step t depends on (recipe, seed, t) only: episodes are random access and torch's generators are seeded anew before every
step, so that a run killed and continued equals one that was never stopped.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from bench.domains import TrainingSource
from bench.errors import BenchError
from bench.learners.contract import Learner
from bench.learners.weights import Tensors, load_weights
from bench.runs.precision import autocast
from bench.runs.recipes import Optimizer, Recipe, Schedule
from bench.runs.state import Progress, TrainingState

Validate = Callable[[], float]
_REPORT_EVERY = 0.5  # seconds between reports of the loss, which cost a device synchronisation


class TrainingError(BenchError):
    """The loss or the learner failed in training; the run's record says so."""


class Observer(Protocol):
    """Whoever shows progress."""

    def training(self, step: int, loss: float | None, validation: float | None, episodes_per_s: float) -> None: ...


@dataclass(frozen=True)
class Trained:
    """Outcome of training: what validation chose and what it cost."""

    progress: Progress
    best: Tensors


def meta_train(
    learner: Learner,
    source: TrainingSource,
    validate: Validate,
    higher_is_better: bool,
    recipe: Recipe,
    checks: int,
    seed: int,
    state: TrainingState,
    observer: Observer,
) -> Trained:
    """Train for `recipe.steps` steps, continuing from `state` if there is one; the best validated weights are loaded.

    Raises TrainingError when the loss is not finite.
    """
    if type(learner).meta_train is not Learner.meta_train:
        return _own_training(learner, source, validate, higher_is_better, recipe, seed)
    optimizer = learner.configure_optimizer(recipe.steps) or build_optimizer(recipe.optimizer, learner)
    base_rates = [group["lr"] for group in optimizer.param_groups]
    restored = state.load(learner, optimizer)
    best, progress = restored or ({}, Progress())
    source.counters = dict(progress.counters)
    due = check_steps(recipe.steps, checks)
    learner.train()
    began = step_began = reported = time.perf_counter()
    while progress.step < recipe.steps:
        factor = rate_factor(recipe.schedule, progress.step, recipe.steps)
        for group, base in zip(optimizer.param_groups, base_rates, strict=True):
            group["lr"] = base * factor
        seed_step(seed, progress.step)
        loss = _step(learner, source, optimizer, recipe)
        progress.step += 1
        now = time.perf_counter()
        if now - reported > _REPORT_EVERY and progress.step not in due:
            reported = now
            rate = progress.step * recipe.batch / max(progress.step_seconds + now - step_began, 1e-9)
            observer.training(progress.step, _finite(loss, progress.step), None, rate)
        if progress.step in due:
            value = _finite(loss, progress.step)
            progress.step_seconds += time.perf_counter() - step_began
            score = validate()
            best = _keep_better(learner, score, higher_is_better, recipe.selection, progress, best)
            progress.seconds += time.perf_counter() - began
            began = time.perf_counter()
            progress.curve.append(
                {"step": progress.step, "loss": value, "validation": score, "seconds": round(progress.seconds, 3)}
            )
            progress.counters = dict(source.counters)
            state.save(learner, best, optimizer, progress)
            rate = progress.step * recipe.batch / max(progress.step_seconds, 1e-9)
            observer.training(progress.step, value, score, rate)
            learner.train()
            step_began = reported = time.perf_counter()
    load_weights(learner, best)
    return Trained(progress, best)


def _step(learner: Learner, source: TrainingSource, optimizer: torch.optim.Optimizer, recipe: Recipe) -> torch.Tensor:
    shape = recipe.train
    batch = source.draw(recipe.batch, shape.way, shape.shot, shape.query)
    optimizer.zero_grad(set_to_none=True)
    with autocast(source.device, recipe.precision):
        loss = learner.train_step(batch)
    if recipe.clip_value is not None:
        torch.nn.utils.clip_grad_value_(learner.parameters(), recipe.clip_value)
    if recipe.clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(learner.parameters(), recipe.clip_norm)
    optimizer.step()
    return loss.detach()


def _own_training(
    learner: Learner, source: TrainingSource, validate: Validate, higher_is_better: bool, recipe: Recipe, seed: int
) -> Trained:
    progress = Progress()
    best: Tensors = {}
    began = time.perf_counter()

    def check() -> float:
        nonlocal best
        score = validate()
        progress.step += 1
        best = _keep_better(learner, score, higher_is_better, recipe.selection, progress, best)
        seconds = round(time.perf_counter() - began, 3)
        progress.curve.append({"step": progress.step, "loss": math.nan, "validation": score, "seconds": seconds})
        return score

    seed_step(seed, 0)
    learner.train()
    learner.meta_train(source, check, recipe.steps)
    if best:
        load_weights(learner, best)
    progress.seconds = progress.step_seconds = time.perf_counter() - began
    return Trained(progress, best or {name: value.clone() for name, value in learner.state_dict().items()})


def _keep_better(
    learner: Learner, score: float, higher_is_better: bool, selection: str, progress: Progress, best: Tensors
) -> Tensors:
    """The earliest best validated weights, or the last ones where the recipe selects "last"."""
    better = progress.best_score is None or (
        (score > progress.best_score) == higher_is_better and score != progress.best_score
    )
    if selection == "last" or (math.isfinite(score) and better):
        progress.best_score, progress.best_step = score, progress.step
        return {name: value.detach().clone() for name, value in learner.state_dict().items()}
    return best or {name: value.detach().clone() for name, value in learner.state_dict().items()}


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


def seed_step(seed: int, step: int) -> None:
    """Seed torch's generators for one step; dropout and latent samples draw from them."""
    digest = hashlib.blake2b(f"{seed}:{step}".encode(), digest_size=7).digest()
    value = int.from_bytes(digest, "little")
    torch.default_generator.manual_seed(value)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(value)


def _finite(loss: torch.Tensor, step: int) -> float:
    value = float(loss)
    if not math.isfinite(value):
        raise TrainingError(
            f"The training loss is {value} after {step} steps.",
            "Lower the learning rate or clip gradients in the recipe.",
        )
    return value
