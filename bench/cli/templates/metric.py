"""Nearest class mean in a learned embedding."""

from __future__ import annotations

LEARNER = '''"""$title: replace this line by what it is and where it comes from (paper, year, arXiv id).

    bench run --algo $file:$title --suite $suite --budget short
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

import bench


class $title(bench.EmbeddingLearner):
    """Nearest class mean in a learned embedding: the smallest learner that works. Change `embed` and `classify`."""

    family = "metric"
    transductive = False  # does a prediction depend on the other queries of its episode?

    @dataclass
    class Options:
        filters: int = 32  # every field is a --set key=value

    def __init__(self, task: bench.ImageSpec, options: Options) -> None:
        super().__init__(task, options)
        layers: list[nn.Module] = []
        channels = task.x_shape[0]
        for _ in range(4):
            layers += [nn.Conv2d(channels, options.filters, 3, padding=1), nn.BatchNorm2d(options.filters)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
            channels = options.filters
        self.encoder = nn.Sequential(*layers, nn.Flatten())

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] in [0, 1] -> [M, D]
        embedding: Tensor = self.encoder(images)
        return embedding

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        members = F.one_hot(support_y).to(support_z.dtype)
        means = members.transpose(1, 2) @ support_z / members.sum(1)[:, :, None]
        return -((query_z[:, :, None] - means[:, None]) ** 2).sum(-1)
'''

RECIPE = """# Recipes of $name: recipe, suite pattern, fields. The first pattern that fits the suite counts.
fast:
  "*":
    steps: 1000 # optimiser steps
    batch: 1 # episodes a step
    optimizer: {name: adam, lr: 1.0e-3}
    schedule: {name: cosine}
"""
