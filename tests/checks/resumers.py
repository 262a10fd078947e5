"""Learners whose training, interrupted and continued, is another one."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

import bench
from tests.checks.cheats import Honest


class CountsItsSteps(Honest):
    """Warms up by a counter that no file holds."""

    steps = 0

    def train_step(self, episodes: Any) -> Tensor:
        self.steps += 1
        loss = self.loss(episodes)
        (loss * min(1.0, self.steps / 5)).backward()  # type: ignore[no-untyped-call]
        return loss


class DrawsByItself(Honest):
    """Noise on the images, from a generator of its own."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.generator = torch.Generator().manual_seed(0)

    def __deepcopy__(self, memo: Any) -> DrawsByItself:
        copy = type(self)(self.task, self.options)
        copy.load_state_dict(self.state_dict())
        return copy.to(next(self.parameters()).dtype).train(self.training)

    def train_step(self, episodes: Any) -> Tensor:
        noise = torch.rand(episodes.support_x.shape, generator=self.generator)
        return super().train_step(dataclasses.replace(episodes, support_x=episodes.support_x + noise))
