"""The Gittins index rule: pull the arm with the highest index (Gittins 1979, J. R. Stat. Soc. B 41:148-177).

    bench run --algo gittins --suite bandit-n100k5

Each arm has an index: the sure reward a pull for which one would as soon give that arm up. It exceeds the arm's mean by
what there is to learn about it, and depends on no other arm. The rule pulls the arm with the highest index.

By default the index is that of the pulls that are left. That rule is optimal for one unknown arm against known ones and
very nearly for several (tests/baselines/test_gittins.py states by how much); the rule of the discounted index is
optimal for an infinite discounted horizon and an approximation here. It knows the prior of the suite and the number of
pulls.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

import bench
from baselines.arms import CountingPolicy, only_best
from baselines.gittins_index import discounted, finite_horizon


class Gittins(CountingPolicy):
    family = "reference"
    trains = False

    @dataclass
    class Options:
        discount: float = 1.0  # 1: index of the remaining pulls; below 1: of an infinite discounted horizon

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        reason = super().skip(task)
        return reason and f"{reason}: indices solve bandits, whose other arms rest while one is pulled"

    index: Tensor

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        finite = options.discount == 1
        table = finite_horizon(task.steps) if finite else discounted(options.discount, task.steps)
        self.register_buffer("index", torch.tensor(table), persistent=False)  # a copy: the table is cached

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        if self.options.discount < 1:
            return only_best(self.index[successes, failures])
        left = self.task.steps - (successes + failures).sum(1, keepdim=True)
        return only_best(self.index[left, successes, failures])
