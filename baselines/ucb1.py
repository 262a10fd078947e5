"""UCB1: optimism in the face of uncertainty (Auer, Cesa-Bianchi & Fischer 2002, Machine Learning 47:235-256).

    bench run --algo ucb1 --suite bandit-n100k5
    bench run --algo ucb1 --suite bandit-n100k5 --set exploration=1.0    # as published

Each arm is judged by the best that it may plausibly be: its mean so far and a radius that shrinks with its pulls. The
arm with the highest bound is pulled, because it is good or because little is known of it. No arm is given up before it
is known to be worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.arms import CountingPolicy, only_best


class UCB1(CountingPolicy):
    family = "reference"
    trains = False

    @dataclass
    class Options:
        exploration: float = 1.0  # factor of the confidence radius; 1 is Auer et al.'s, whose regret bound is proven

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        """Figure 1: each arm once, then the highest `mean + sqrt(2 ln n / n_j)`."""
        pulls = (successes + failures).double()
        total = pulls.sum(1, keepdim=True).clamp_min(1)
        radius = torch.sqrt(2 * torch.log(total) / pulls.clamp_min(1))
        bound = successes / pulls.clamp_min(1) + self.options.exploration * radius
        return only_best(torch.where(pulls == 0, torch.inf, bound))
