"""The learner under examination: its weights shaken, its copies pristine, its answers as the harness would get them.

Weights are shaken because zero-initialised heads and fresh running statistics hide leaks. Arithmetic is float64, in
which rounding is far below any limit; a learner that works in float32 only is judged by its decisions.
"""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any

import torch

from bench.checks.answers import Answers, flat
from bench.checks.result import NotApplicable
from bench.domains import TaskSpec, find_domain
from bench.domains.episodes import Episodes
from bench.domains.tensors import moved, precision_of
from bench.learners.contract import Learner

_CPU = torch.device("cpu")
_STEPS = 5  # of a training that only has to touch everything
_BATCH = 2  # episodes a step


class Subject:
    """Builds instances of a learner and asks them. Every check starts from an instance that has seen nothing."""

    def __init__(self, learner: type[Learner], options: Any, spec: TaskSpec, device: torch.device = _CPU) -> None:
        self.learner, self.options, self.spec, self.device = learner, options, spec, device
        self.domain = find_domain(spec.kind)

    @cached_property
    def transductive(self) -> bool:
        return self._original.transductive

    @property
    def exact(self) -> bool:
        """Whether the learner answers in float64."""
        return self.dtype == torch.float64

    @cached_property
    def dtype(self) -> torch.dtype:
        """float64 where the learner takes it: it neither raises nor rounds its answers on the way."""
        try:
            found = self.answer(self.part(1, dtype=torch.float64), self.build(torch.float64))
        except Exception:  # asked again in float32: what it raises there is what counts
            return torch.float32
        floats = [value for value in found.values() if not torch.equal(value, value.round())]
        kept = all(value.dtype == torch.float64 for value in found.values())
        rounded = bool(floats) and all(torch.equal(value, value.float().double()) for value in floats)
        return torch.float64 if kept and not rounded else torch.float32

    @cached_property
    def reference(self) -> Answers:
        """The answer to episode or trial 0, asked alone and all queries at once."""
        return self.answer(self.part(1))

    def part(self, n: int, first: int = 0, dtype: torch.dtype | None = None) -> Any:
        """Generated problems as the domain's checks ask them: episodes, or played trials for an explorer."""
        return moved(self.domain.example(self.spec, first, n), dtype or self.dtype, self.device)

    def episodes(self, n: int, first: int = 0, dtype: torch.dtype | None = None) -> Episodes:
        """Raises NotApplicable where there are no queries to ask otherwise."""
        part = self.part(n, first, dtype)
        if not isinstance(part, Episodes):
            raise NotApplicable(f"{self.spec.kind} has no queries to ask otherwise")
        return part

    def instance(self) -> Learner:
        """A copy that has never answered anything, shaken, in eval mode."""
        return copy.deepcopy(self._original)

    def build(self, dtype: torch.dtype, seed: int = 0, shaken: bool = True) -> Learner:
        """A new one from the constructor; `seed` is that of initial weights and prediction noise."""
        torch.manual_seed(seed)
        learner = self.learner(self.spec, self.options)
        learner.noise_seed = seed
        if shaken:
            _shake(learner)
        return learner.to(self.device, dtype).eval()

    @cached_property
    def trained(self) -> Learner:
        """After a few steps, in training mode and float32 as in a run; as built where the common loop is not used."""
        learner = self.build(torch.float32, shaken=False)
        if learner.trains and self.learner.meta_train is Learner.meta_train:
            learner.train()
            parameters = [p for p in learner.parameters() if p.requires_grad]
            optimizer = learner.configure_optimizer(_STEPS) or torch.optim.Adam(parameters)
            for step in range(_STEPS):
                optimizer.zero_grad()
                first = 1_000 + step * _BATCH
                learner.train_step(self.domain.lesson(self.spec, first, _BATCH, self.device))
                optimizer.step()
        return learner.eval()

    def answer(self, part: Any, learner: Learner | None = None) -> Answers:
        """Every tensor of the validated answer, for copies of the inputs; of a pristine instance unless one is named.

        Raises PredictionError for wrong types and shapes, and whatever the learner raises.
        """
        found = self.ask(learner or self.instance(), moved(part, precision_of(part), self.device))
        return {name: value.detach().clone() for name, value in flat(found).items()}

    def ask(self, learner: Learner, part: Any) -> dict[str, Any]:
        """The predictions on the path that gives a run's scores, for the very tensors of `part`."""
        with torch.no_grad():
            return self.domain.ask(learner, part)

    @cached_property
    def _original(self) -> Learner:
        return self.build(self.dtype)


def _shake(learner: Learner) -> None:
    """Move every parameter and buffer a little; what is not negative, such as a variance, stays so.

    Buffers that no checkpoint holds are constants, such as tables: those stay.
    """
    generator = torch.Generator().manual_seed(1)
    saved = learner.state_dict(keep_vars=True)
    with torch.no_grad():
        for value in (*learner.parameters(), *(b for name, b in learner.named_buffers() if name in saved)):
            if not value.is_floating_point() or not value.numel():
                continue
            unit = torch.rand(value.shape, generator=generator).to(value)
            spread = 0.1 * (float(value.std(correction=0)) + 0.1)
            value.add_(spread * (unit if not value.requires_grad and bool((value >= 0).all()) else 2 * unit - 1))
