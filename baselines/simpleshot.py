"""SimpleShot: nearest centroids on a classifier's features (Wang et al. 2019, arXiv:1911.04623).

    bench run --algo simpleshot --suite cifarfs-5w1s --recipe fast --seeds 0-2
    bench run --algo simpleshot --suite cifarfs-5w1s --recipe fast --set transform=UN

The encoder is trained to tell all train classes apart, without episodes. A query belongs to the nearest class mean of
its features; at evaluation nothing is learned. Centring the features and scaling them to unit length is most of what
makes that strong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.pretraining import FlatBatches, PreTrained, feature_size
from baselines.protonet import class_means, squared_distance

MEAN_BATCHES = 16  # batches of train images whose mean feature is subtracted


class SimpleShot(PreTrained):
    family = "metric"
    transductive = False
    label_equivariant = True

    @dataclass
    class Options(PreTrained.Options):
        transform: Literal["UN", "L2N", "CL2N"] = "CL2N"  # of features: none, unit length, centred and unit length

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.base_mean = nn.Buffer(torch.zeros(feature_size(self.encoder, task.x_shape)))

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        z: Tensor = self.encoder(images)
        if self.options.transform == "CL2N":
            z = z - self.base_mean  # section 3.2, "centering"
        return z if self.options.transform == "UN" else F.normalize(z, dim=-1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        return -squared_distance(query_z, class_means(support_z, support_y))  # eq. 2

    def new_head(self) -> nn.Module:
        return nn.Linear(len(self.base_mean), self.task.n_train_classes)  # eq. 1

    def meta_train(self, source: FlatBatches, validate: Callable[[], float], steps: int) -> None:
        def check() -> float:
            self.set_base_mean([source.batches(self.options.batch)[0] for _ in range(MEAN_BATCHES)])
            return validate()

        super().meta_train(source, check, steps)

    def set_base_mean(self, batches: list[Tensor]) -> None:
        """The mean feature of train images, in eval mode; a sample of them, which is enough for a mean."""
        self.eval()
        with torch.no_grad():
            self.base_mean.copy_(torch.stack([self.encoder(images).mean(0) for images in batches]).mean(0))
