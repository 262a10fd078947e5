"""Learners whose operations can be counted by hand, and ones that go wrong."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

import bench

HIDDEN, KERNEL = 7, 3


class Lines(bench.Learner):
    """Two linear layers, asked for the queries alone."""

    family = "reference"
    domains = ("regression",)
    transductive = False

    @dataclass
    class Options:
        pass

    def __init__(self, task, options):
        super().__init__(task, options)
        self.first, self.second = nn.Linear(1, HIDDEN, bias=False), nn.Linear(HIDDEN, 1, bias=False)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Point:
        return bench.Point(self.second(self.first(query_x).relu()))


class Convolution(bench.Learner):
    """One convolution with a channel a class."""

    family = "reference"
    domains = ("classification",)
    transductive = False

    @dataclass
    class Options:
        pass

    def __init__(self, task, options):
        super().__init__(task, options)
        self.layer = nn.Conv2d(task.x_shape[0], task.way, KERNEL, padding=KERNEL // 2, bias=False)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return self.layer(query_x.flatten(0, 1)).mean((-1, -2)).unflatten(0, query_x.shape[:2])


class Fixed(Lines):
    """Keeps its first weights."""

    family = "reference"
    trains = False


class Own(Lines):
    """Trains by itself, and checks in the middle of it."""

    family = "reference"

    def meta_train(self, source, validate, steps):
        for step in range(steps):
            loss = self.loss(source.draw(2))
            self.zero_grad()
            loss.backward()
            if step == steps // 2:
                validate()


class Stumbles(Lines):
    """Raises in its second step."""

    family = "reference"
    steps = 0

    def train_step(self, episodes):
        self.steps += 1
        if self.steps == 2:
            raise ValueError("the second step is one too many")
        return super().train_step(episodes)


class Talks(Lines):
    """Writes where tables and JSON go."""

    family = "reference"

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Point:
        print("predicting")
        return super().predict(support_x, support_y, query_x)
