"""SimpleShot: nearest centroids on a classifier's features (Wang et al. 2019, arXiv:1911.04623).

    bench run --algo simpleshot --suite cifarfs-5w1s --recipe fast --seeds 0-2
    bench run --algo simpleshot --suite cifarfs-5w1s --recipe fast --set transform=UN

The encoder is trained to tell all train classes apart, without episodes; at evaluation nothing is learned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.backbones import encoder
from baselines.pretraining import FlatBatches, feature_size, pretrain
from baselines.protonet import class_means, squared_distance

MEAN_BATCHES = 16  # batches of train images whose mean feature is subtracted


class SimpleShot(bench.EmbeddingLearner):
    family = "metric"
    transductive = False
    label_equivariant = True

    @dataclass
    class Options:
        transform: Literal["UN", "L2N", "CL2N"] = "CL2N"  # of features: none, unit length, centred and unit length
        backbone: str = "conv4"  # any name that backbones.encoder knows
        batch: int = 128  # images a step
        optimizer: Literal["adam", "sgd"] = "sgd"
        lr: float = 0.1
        weight_decay: float = 5.0e-4
        crop: int = 0  # pixels by which training images are shifted at most
        flip: bool = False  # mirror half of the training images

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.encoder = encoder(options.backbone, task.x_shape)
        self.base_mean = nn.Buffer(torch.zeros(feature_size(self.encoder, task.x_shape)))

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, D]
        z: Tensor = self.encoder(images)
        if self.options.transform == "CL2N":
            z = z - self.base_mean  # section 3.2, "centering"
        return z if self.options.transform == "UN" else F.normalize(z, dim=-1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        return -squared_distance(query_z, class_means(support_z, support_y))  # eq. 2

    def meta_train(self, source: FlatBatches, validate: Callable[[], float], steps: int) -> None:
        options = self.options
        head = nn.Linear(len(self.base_mean), self.task.n_train_classes)  # eq. 1, not kept

        def check() -> None:
            self.set_base_mean([source.batches(options.batch)[0] for _ in range(MEAN_BATCHES)])
            validate()

        pretrain(self.encoder, head, source, options, check, steps)

    def set_base_mean(self, batches: list[Tensor]) -> None:
        """The mean feature of train images, in eval mode; a sample of them, which is enough for a mean."""
        self.eval()
        with torch.no_grad():
            self.base_mean.copy_(torch.stack([self.encoder(images).mean(0) for images in batches]).mean(0))
