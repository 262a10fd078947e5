"""The Gittins index rule: pull the arm with the highest index (Gittins 1979, J. R. Stat. Soc. B 41:148-177).

bench run --algo gittins --suite bandit-n100k5

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
from baselines.arms import Counts, bandits_only, no_pulls, observe, only_best
from baselines.gittins_index import discounted, finite_horizon


class Gittins(bench.Explorer):
    family = "reference"
    trains = False

    @dataclass
    class Options:
        discount: float = 1.0  # 1: index of the remaining pulls; below 1: of an infinite discounted horizon

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        reason = bandits_only(task)
        return reason and f"{reason}: indices solve bandits, whose other arms rest while one is pulled"

    index: Tensor

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        finite = options.discount == 1
        table = finite_horizon(task.steps) if finite else discounted(options.discount, task.steps)
        self.register_buffer("index", torch.tensor(table), persistent=False)  # a copy: the table is cached

    def initial_state(self, batch: int) -> Counts:
        return no_pulls(self, batch)

    def act(
        self, state: Counts, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Counts]:
        state = observe(state, prev_action, prev_reward)
        return self.logits(*state), state

    def logits(self, successes: Tensor, failures: Tensor) -> Tensor:
        if self.options.discount < 1:
            return only_best(self.index[successes, failures])
        left = self.task.steps - (successes + failures).sum(1, keepdim=True)
        return only_best(self.index[left, successes, failures])
