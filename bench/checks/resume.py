"""Is a training that was interrupted, and continued, the training that never was? With the very loop of a run."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.checks.result import Finding, NotApplicable
from bench.checks.subject import Subject
from bench.domains import TaskSpec, TrainingSource
from bench.learners.contract import Learner
from bench.training.loop import Selection, meta_train
from bench.training.observer import Silent
from bench.training.recipes import Recipe
from bench.training.state import TrainingState

_STEPS, _CHECKS, _BATCH = 6, 3, 2
_OWN_STEPS = 40  # of a training by the learner's own meta_train, which validates as it likes
_FLAT = 16  # images of a flat batch at most, whatever is asked for: only equality matters here
_SEED = 5


def exact_resume(subject: Subject) -> Finding:
    """Training that stops at its second validation and is continued by a new instance ends in the same weights.

    Catches state that neither the state dict nor the optimiser holds (counters, running averages, schedules and
    generators of one's own, buffers that are not persistent), and tensors that come back in another memory format.
    """
    learner = subject.build(torch.float32, shaken=False)
    if not learner.trains:
        raise NotApplicable("nothing to train")
    own = subject.learner.meta_train is not Learner.meta_train
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = _weights(subject, folder / "whole", own)
        try:
            _weights(subject, folder / "parts", own, stop=True)
        except _Stopped:
            kept = TrainingState(folder / "parts").progress()
        else:
            raise NotApplicable("it validated once only, so that there is nothing to continue")
        _disturb()
        continued = _weights(subject, folder / "parts", own)
    differ = [name for name, value in whole.items() if not _same(value, continued.get(name))]
    where = f"continued after step {kept.step}" if kept else "nothing was saved: it started again"
    said = f"{where}; differs: {', '.join(differ[:3])}" if differ else where
    return Finding(not differ and whole.keys() == continued.keys(), said, len(differ), 0)


class _Stopped(BaseException):
    """What stands for a kill: no learner's `except Exception` holds it up."""


class _Lessons(TrainingSource):
    """The domain's generated examples as training problems."""

    def __init__(self, subject: Subject) -> None:
        self.suite: Any = None
        self.seed, self.device, self.keeper = _SEED, subject.device, None
        self.counters = {}
        self._domain, self._spec = subject.domain, subject.spec

    def draw(self, batch: int, way: int | None = None, shot: int | None = None, query: int | None = None) -> Any:
        return self._domain.lesson(self._spec, self._next("lesson") * batch, batch, self.device)

    episodes = environments = draw

    def batches(self, n: int) -> tuple[Tensor, Tensor]:
        spec: TaskSpec = self._spec
        lesson = self._domain.lesson(spec, self._next("flat") * _BATCH, _BATCH, self.device)
        images = lesson.support_x.flatten(0, 1)[: min(n, _FLAT)]
        return images, torch.arange(len(images), device=self.device) % spec.n_train_classes


def _weights(subject: Subject, folder: Path, own: bool, stop: bool = False) -> dict[str, Tensor]:
    """Of a training that continues what lies in the folder. Raises _Stopped at the second validation if asked to."""
    learner, validations = subject.build(torch.float32, shaken=False).train(), 0

    def validate() -> float:
        nonlocal validations
        validations += 1
        if stop and validations == 2:
            raise _Stopped
        return 0.0

    recipe = Recipe(steps=_OWN_STEPS if own else _STEPS, batch=_BATCH)
    selection = Selection(validate, True, _CHECKS, "last")
    meta_train(learner, _Lessons(subject), selection, recipe, _SEED, TrainingState(folder), Silent())
    return {name: value.detach().clone() for name, value in learner.state_dict().items()}


def _disturb() -> None:
    """A new process has other random states."""
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002  # the one that learners' code may use
    random.seed(99)


def _same(a: Tensor, b: Tensor | None) -> bool:
    return b is not None and a.shape == b.shape and bool(torch.equal(a, b) or (a.isnan() & b.isnan() | (a == b)).all())
