"""The share of heads, shrunk towards a half by as much as training finds best."""

from __future__ import annotations

import torch
from coins import Estimator
from torch import Tensor, nn


class Shrunk(Estimator):
    def __init__(self, task, options) -> None:
        super().__init__(task, options)
        self.weight = nn.Parameter(torch.zeros(()))

    def estimate(self, heads: Tensor) -> Tensor:
        return 0.5 + self.weight.sigmoid() * (heads.mean(1) - 0.5)


class Peeking(Shrunk):
    """Leaks: an estimate depends on the coins beside it."""

    def estimate(self, heads: Tensor) -> Tensor:
        return super().estimate(heads) + 0.1 * heads.mean(0) @ torch.arange(heads.shape[1]).to(heads)
