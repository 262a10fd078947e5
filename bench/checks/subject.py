"""The learner under examination: a small instance with shaken weights, and episodes to ask it.

Weights are shaken because zero-initialised heads and fresh running statistics hide leaks. Arithmetic is float64, in
which rounding is far below any threshold; learners that insist on float32 are judged by their decisions instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.learners.contract import Learner, TaskSpec
from bench.learners.predictions import Answer, Gaussian, GaussianMixture, MultivariateGaussian, Point, Prediction, named
from bench.philox import uniform, words

Answers = dict[str, Tensor]
_QUERIES = 3  # per class, or points: enough to split, few enough to be quick
_POINTS = 6


@dataclass(frozen=True)
class Ask:
    """B episodes as a learner is asked them, and the labels it is not shown."""

    support_x: Tensor
    support_y: Tensor
    query_x: Tensor
    query_y: Tensor
    parameters: dict[str, Tensor]

    def queries(self, which: Tensor | slice) -> Ask:
        """The same episodes with only some queries, in the given order."""
        return Ask(self.support_x, self.support_y, self.query_x[:, which], self.query_y[:, which], self.parameters)

    def episodes(self, which: list[int]) -> Ask:
        parameters = {name: value[which] for name, value in self.parameters.items()}
        return Ask(self.support_x[which], self.support_y[which], self.query_x[which], self.query_y[which], parameters)

    def copy(self) -> Ask:
        x, y, q = self.support_x.clone(), self.support_y.clone(), self.query_x.clone()
        return Ask(x, y, q, self.query_y.clone(), self.parameters)

    def relabelled(self, support_y: Tensor) -> Ask:
        return Ask(self.support_x, support_y, self.query_x, self.query_y, self.parameters)


class Subject:
    """Builds instances of a learner and asks them."""

    def __init__(self, learner: type[Learner], options: Any, spec: TaskSpec) -> None:
        self.kind, self.options, self.spec = learner, options, spec
        self.dtype = torch.float64
        self.learner = self.instance(seed=0)
        try:
            self.answer(self.ask(1))
        except (RuntimeError, TypeError):  # float64 does not suit it
            self.dtype = torch.float32
            self.learner = self.instance(seed=0)

    def instance(self, seed: int) -> Learner:
        """A fresh learner in evaluation mode with shaken weights and statistics."""
        torch.manual_seed(seed)
        learner = self.kind(self.spec, self.options)
        learner.noise_seed, learner.strategy = seed, "vmap"
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in learner.parameters():
                spread = weight.std(correction=0) + 0.01
                weight.add_(0.1 * spread * torch.randn(weight.shape, generator=generator))
            for name, value in learner.named_buffers():
                if value.is_floating_point():
                    shake = 0.1 * torch.randn(value.shape, generator=generator)
                    value.copy_(value * shake.exp() if name.endswith("var") else value + shake)
        return learner.to(self.dtype).eval()

    def ask(self, episodes: int, first: int = 0) -> Ask:
        """Generated episodes `first` .. of the task's shape, the same in every process."""
        return (self._images if self.spec.way else self._functions)(episodes, first)

    def answer(self, ask: Ask, learner: Learner | None = None) -> Answers:
        """Every tensor of the answer by name. Inputs and answers are copies: one check can't spoil the next."""
        learner = learner or self.learner
        ask = ask.copy()
        return {
            f"{name}{part}": tensor.detach().clone()
            for name, prediction in named(self.predict(learner, ask)).items()
            for part, tensor in _tensors(prediction).items()
        }

    @staticmethod
    def predict(learner: Learner, ask: Ask) -> Answer:
        """The answer itself, for the very tensors of `ask`."""
        extra = {"parameters": ask.parameters} if learner.knows else {}
        with torch.no_grad():
            return learner.predict(ask.support_x, ask.support_y, ask.query_x, **extra)

    def _images(self, episodes: int, first: int) -> Ask:
        way, shot, (channels, height, width) = self.spec.way, self.spec.shot, self.spec.x_shape
        each = shot + _QUERIES
        coarse = uniform(words(("checks", "classes"), first, episodes, way * channels * 49), 0.2, 0.8)
        pattern = torch.from_numpy(coarse).view(episodes * way, channels, 7, 7)
        pattern = torch.nn.functional.interpolate(pattern, (height, width)).view(
            episodes, way, 1, channels, height, width
        )
        fine = uniform(words(("checks", "images"), first, episodes, way * each * channels * height * width), -0.2, 0.2)
        grain = torch.from_numpy(fine).view(episodes, way, each, channels, height, width)
        images = (pattern + grain).to(self.dtype)
        labels = torch.arange(way).expand(episodes, -1)
        order = torch.from_numpy(np.argsort(words(("checks", "order"), first, 1, way * _QUERIES)[0]).astype(np.int64))
        return Ask(
            images[:, :, :shot].flatten(1, 2),
            labels.repeat_interleave(shot, 1),
            images[:, :, shot:].flatten(1, 2)[:, order],
            labels.repeat_interleave(_QUERIES, 1)[:, order],
            {},
        )

    def _functions(self, episodes: int, first: int) -> Ask:
        points = 2 * _POINTS
        x = torch.from_numpy(uniform(words(("checks", "x"), first, episodes, points), -2, 2)).to(self.dtype)[:, :, None]
        drawn = torch.from_numpy(uniform(words(("checks", "parameters"), first, episodes, 3), 0.3, 0.9)).to(self.dtype)
        parameters = dict(zip(("length", "scale", "period"), drawn.unbind(1), strict=True))
        y = torch.sin(3 * x + 6 * drawn[:, :1, None]) * drawn[:, 1:2, None]
        s = _POINTS
        return Ask(x[:, :s], y[:, :s], x[:, s:], y[:, s:], parameters)


def _tensors(prediction: Prediction) -> Answers:
    match prediction:
        case Tensor():
            return {"": prediction}
        case Point(mean):
            return {".mean": mean}
        case Gaussian(mean, std):
            return {".mean": mean, ".std": std}
        case GaussianMixture(mean, std):  # to [B, Q, S dy]: episodes and queries are the first dimensions everywhere
            return {".mean": mean.movedim(0, 2).flatten(2), ".std": std.movedim(0, 2).flatten(2)}
        case MultivariateGaussian(mean, cov):
            return {".mean": mean, ".var": torch.diagonal(cov, dim1=1, dim2=2)[:, :, None]}
