"""Nearest class mean on raw pixels: what a suite gives away without any learning.

    bench run --algo nearest_centroid --suite omniglot-5w1s

Each class is the mean of its support images, pixel by pixel, and a query belongs to the nearest mean. There are no
weights and nothing is trained. What a learned embedding adds to this is what it is worth.
"""

from __future__ import annotations

from torch import Tensor

import bench
from baselines.protonet import class_means, squared_distance


class NearestCentroid(bench.EmbeddingLearner):
    family = "reference"
    transductive = False
    trains = False

    def embed(self, images: Tensor) -> Tensor:  # [M, C, H, W] -> [M, C * H * W]
        return images.flatten(1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:  # -> logits [B, Q, way]
        return -squared_distance(query_z, class_means(support_z, support_y))
