"""UCB1: optimism in the face of uncertainty (Auer, Cesa-Bianchi & Fischer 2002, Machine Learning 47:235-256).

    bench run --algo ucb1 --suite bandit-n100k5
    bench run --algo ucb1 --suite bandit-n100k5 --set prior=false --set exploration=1.0    # as Auer et al. have it

Each arm is judged by the best that it may plausibly be: its mean so far and a radius that shrinks with its pulls. The
arm with the highest bound is pulled, because it is good or because little is known of it. No arm is given up before it
is known to be worse.

Auer et al. pull every arm once before they compare any, which takes all of ten pulls where there are ten arms. By
default counts begin with one success and one failure instead, the uniform Beta(1, 1) prior, so that an arm that has won
may be pulled again at once. Among equal bounds, as at the first pull, an arm is drawn at random.
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
        exploration: float = 0.2  # factor of the radius: the best on simulated trials; 1 is Auer et al.'s, with a proof
        prior: bool = True  # each arm begins with a success and a failure; false: with a pull, as published

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        """Figure 1: the highest `mean + exploration * sqrt(2 ln n / n_j)`; n is the sum of all n_j."""
        begun = int(self.options.prior)
        wins, pulls = successes + begun, (successes + failures + 2 * begun).double()
        total = pulls.sum(1, keepdim=True).clamp_min(1)
        radius = torch.sqrt(2 * torch.log(total) / pulls.clamp_min(1))
        bound = wins / pulls.clamp_min(1) + self.options.exploration * radius
        return only_best(torch.where(pulls == 0, torch.inf, bound))
