"""Chance: an answer that ignores the query, the floor that every learner must beat.

Classification: equal logits, so that the lowest label is always taken; queries are balanced, so that its accuracy is
exactly 1 / way. Regression: the mean and the spread of the support targets.

    bench run --algo chance --suite omniglot-5w1s
"""

from __future__ import annotations

from torch import Tensor

import bench


class Chance(bench.Learner):
    family = "reference"
    transductive = False
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor | bench.Gaussian:
        b, q = query_x.shape[:2]
        if self.task.kind == "classification":
            return query_x.new_zeros(b, q, int(support_y.max()) + 1)
        mean = support_y.mean(1, keepdim=True).expand(b, q, -1)
        std = support_y.std(1, keepdim=True).clamp_min(1e-3).expand(b, q, -1)
        return bench.Gaussian(mean, std)
