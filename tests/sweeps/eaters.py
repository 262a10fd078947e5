"""Learners of the sweep tests that take memory, and trouble."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import bench


class Eater(bench.Learner):
    """Has no memory for more than `most` test episodes at once."""

    family = "reference"
    trains = False

    @dataclass
    class Options:
        most: int = 8

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        if len(query_x) > self.options.most:
            raise MemoryError
        return bench.Gaussian(support_y.mean(1, keepdim=True).expand_as(query_x), torch.ones_like(query_x))


class Glutton(bench.Learner):
    """Takes EATER_MIB of memory when it answers, and keeps it."""

    family = "reference"
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        if len(query_x) > 3:
            self.kept = bytearray(int(os.environ.get("EATER_MIB", "0")) << 20)
            self.kept[:: 1 << 12] = b"x" * len(range(0, len(self.kept), 1 << 12))
            torch.randn(1500, 1500) @ torch.randn(1500, 1500)
            while os.environ.get("EATER_MIB"):
                pass
        return bench.Gaussian(torch.zeros_like(query_x), torch.ones_like(query_x))


class Slow(bench.Learner):
    """A trained constant that takes its time over every step; EATER_PAUSE is no part of its key."""

    family = "model"

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        super().__init__(task, options)
        self.offset = nn.Parameter(torch.zeros(()))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        mean = support_y.mean(1, keepdim=True) + self.offset
        return bench.Gaussian(mean.expand_as(query_x), torch.ones_like(query_x))

    def loss(self, episodes: bench.Episodes) -> Tensor:
        import time

        time.sleep(float(os.environ.get("EATER_PAUSE", "0")))
        mean = episodes.support_y.mean(1, keepdim=True) + self.offset + 0.1 * torch.randn(())
        return ((mean - episodes.query_y) ** 2).mean()
