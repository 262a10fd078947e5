"""Does training train? A few steps of the common loop on one lesson, over and over."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from bench.checks.result import Finding, NotApplicable
from bench.checks.subject import Subject
from bench.learners.contract import Learner

STEPS = 12
_EPISODES, _FIRST = 2, 1_000
_WINDOW = 4  # steps whose mean loss is compared, the last ones with the first ones
_NOISE = 2.0  # standard errors that a loss with noise of its own may be off


@dataclass(frozen=True)
class Rehearsal:
    """What training on one lesson did.

    losses : of each step; reached: weights that a gradient reached, moved: weights that changed, broken: numbers among
        the weights that are not finite; weights: of all
    """

    losses: list[float]
    reached: int
    moved: int
    broken: int
    weights: int


def training_steps(subject: Subject) -> Finding:
    """Steps on one lesson give gradients, change the weights, leave them finite and lower the loss of that lesson.

    Catches a forgotten `backward()`, an optimizer that holds other parameters, a loss that does not reach the weights
    or has the wrong sign, and shapes that only evaluation has. The loss of a policy gradient is no measure of success:
    an explorer's need not fall, see `Domain.loss_falls`.
    """
    done = _rehearse(subject)
    if done.broken:
        return Finding(False, f"{done.broken} weights are not finite", done.broken, 0)
    if not done.reached:
        return Finding(False, "no gradient reaches any weight: train_step has to leave it in .grad (backward)", 1, 0)
    if not done.moved:
        return Finding(False, "no weight changes: configure_optimizer has to be given the learner's parameters", 1, 0)
    before, after = np.array(done.losses[:_WINDOW]), np.array(done.losses[-_WINDOW:])
    rise = float(after.mean() - before.mean())
    noise = _NOISE * math.hypot(float(before.std(ddof=1)), float(after.std(ddof=1))) / math.sqrt(_WINDOW)
    said = f"{done.moved} of {done.weights} weights move, loss {before.mean():.4g} -> {after.mean():.4g}"
    if not subject.domain.loss_falls:
        return Finding(True, f"{STEPS} steps: {said}", 0, 0)
    # The spread of a window holds what is left of a fall, too; a loss that stands still has none, and fails.
    falls = rise < 0 or (rise <= noise and noise > 0)
    return Finding(falls, f"{STEPS} steps on one lesson: {said}", rise, noise)


def _rehearse(subject: Subject) -> Rehearsal:
    """Raises NotApplicable where there is nothing that the common loop would train, and whatever the learner raises."""
    learner = subject.build(torch.float32, shaken=False)
    if not learner.trains:
        raise NotApplicable("nothing to train")
    if subject.learner.meta_train is not Learner.meta_train:
        raise NotApplicable("trains itself, by a meta_train of its own")
    learner.train()
    weights = {name: p for name, p in learner.named_parameters() if p.requires_grad}
    start = {name: p.detach().clone() for name, p in weights.items()}
    optimizer = learner.configure_optimizer(STEPS) or torch.optim.Adam(weights.values())
    losses, reached = [], set()
    for _ in range(STEPS):
        optimizer.zero_grad()
        lesson = subject.domain.lesson(subject.spec, _FIRST, _EPISODES, subject.device)
        losses.append(float(learner.train_step(lesson).detach()))
        reached |= {name for name, p in weights.items() if p.grad is not None and bool(p.grad.any())}
        optimizer.step()
    return Rehearsal(
        losses,
        len(reached),
        sum(not torch.equal(p, start[name]) for name, p in weights.items()),
        sum(int((~torch.isfinite(p)).sum()) for p in weights.values()),
        len(weights),
    )
