"""Gradient steps from learned initial weights."""

from __future__ import annotations

LEARNER = '''"""$title: replace this line by what it is and where it comes from (paper, year, arXiv id).

    bench run --algo $file:$title --suite $suite --budget short
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

import bench

Weights = dict[str, Tensor]


class $title(bench.Learner):
    """Gradient steps on the support set from learned initial weights (MAML). Change the network and `adapted`."""

    family = "optimization"

    @dataclass
    class Options:
        inner_lr: float = 0.01  # every field is a --set key=value
        inner_steps: int = 5
        hidden: int = 40

    def __init__(self, task: Any, options: Options) -> None:  # a bench.ImageSpec or a bench.FunctionSpec
        super().__init__(task, options)
        self.classifies = task.kind == "classification"
        n_in, n_out, hidden = math.prod(task.x_shape), task.way if self.classifies else task.y_dim, options.hidden
        layers = [nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, n_out)]
        self.net = nn.Sequential(nn.Flatten(), *layers)

    def error(self, weights: Weights, x: Tensor, y: Tensor) -> Tensor:  # of one task: inputs [S, ...], what is right
        output = functional_call(self.net, weights, x)
        return F.cross_entropy(output, y) if self.classifies else F.mse_loss(output, y)

    def adapted(self, weights: Weights, x: Tensor, y: Tensor) -> Weights:
        for _ in range(self.options.inner_steps):
            gradient = torch.func.grad(self.error)(weights, x, y)
            weights = {name: weight - self.options.inner_lr * gradient[name] for name, weight in weights.items()}
        return weights

    def task_loss(self, weights: Weights, x: Tensor, y: Tensor, query_x: Tensor, query_y: Tensor) -> Tensor:
        return self.error(self.adapted(weights, x, y), query_x, query_y)

    def train_step(self, episodes: bench.Episodes) -> Tensor:
        weights: Weights = dict(self.net.named_parameters())
        tasks = (episodes.support_x, episodes.support_y, episodes.query_x, episodes.query_y)
        loss, gradient = bench.meta_gradient(self.task_loss, weights, tasks, self.strategy)
        for name, weight in weights.items():
            weight.grad = gradient[name]
        return loss

    def answer(self, x: Tensor, y: Tensor, query_x: Tensor) -> Tensor:  # of one task
        weights = {name: weight.detach() for name, weight in self.net.named_parameters()}
        output: Tensor = functional_call(self.net, self.adapted(weights, x, y), query_x)
        return output

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        output = bench.map_tasks(self.answer, (support_x, support_y, query_x), self.strategy)
        return output if self.classifies else bench.Point(output)
'''

RECIPE = """# Recipes of $name: recipe, suite pattern, fields. The first pattern that fits the suite counts.
fast:
  "*":
    steps: 5000 # optimiser steps
    batch: 25 # episodes a step
    optimizer: {name: adam, lr: 1.0e-3}
    schedule: {name: cosine}
    strategy: vmap # one task's code, spread over the batch
"""
