"""Thompson sampling: pull each arm with the probability that it is the best (Thompson 1933, Biometrika 25:285-294).

    bench run --algo thompson --suite bandit-n100k5
    bench run --algo thompson --suite bandit-n100k5 --set optimistic=true    # May et al. 2012, JMLR 13:2069-2106

Pulls are counted, and what is known of an arm is the Beta posterior of its mean. An arm is pulled with the probability
that its mean is the highest of all. Arms that may still be the best are tried, and the less often the surer it is that
they are not.

Drawing a mean for each arm and pulling the highest is one way to do that. Here the probabilities themselves are
computed, so that the only luck is the one that every policy meets. The optimistic variant never draws a mean below the
posterior mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import betainc
from torch import Tensor

import bench
from baselines.arms import CountingPolicy


class Thompson(CountingPolicy):
    family = "reference"
    trains = False

    @dataclass
    class Options:
        optimistic: bool = False  # samples are raised to the posterior mean
        alpha: float = 1.0  # Beta prior of every arm's success probability
        beta: float = 1.0
        cells: int = 200  # of the quadrature over success probabilities

    below: Tensor
    within: Tensor

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        within, below = (torch.from_numpy(table).float() for table in self.tables())
        self.register_buffer("within", within, persistent=False)  # [steps + 1, steps + 1, cells], at [s, f]
        self.register_buffer("below", below, persistent=False)

    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Probability that a sample lies in each cell of [0, 1], and that it lies below the cell's random point."""
        counts = np.arange(self.task.steps + 1)
        a = self.options.alpha + counts[:, None, None]
        b = self.options.beta + counts[None, :, None]
        edges = np.linspace(0.0, 1.0, self.options.cells + 1)
        cumulative = betainc(a, b, edges)
        if self.options.optimistic:  # max(sample, mean) has no mass below the mean, and an atom there
            cumulative = np.where(edges >= a / (a + b), cumulative, 0.0)
        return np.diff(cumulative), (cumulative[..., 1:] + cumulative[..., :-1]) / 2

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        """log of `P(arm i is best) = integral f_i(x) prod_{j != i} F_j(x) dx`, cell by cell."""
        below = self.below[successes, failures]  # [B, A, cells]
        before = F.pad(below.cumprod(1)[:, :-1], (0, 0, 1, 0), value=1.0)  # the product over arms j < i
        after = F.pad(below.flip(1).cumprod(1)[:, :-1], (0, 0, 1, 0), value=1.0).flip(1)  # over arms j > i
        best = (self.within[successes, failures] * before * after).sum(-1)
        return torch.log(best.clamp_min(1e-30))
