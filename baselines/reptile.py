"""Reptile (Nichol et al. 2018, arXiv:1803.02999): move towards the weights that some steps on a task lead to.

    bench run --algo reptile --suite sinusoid-10s --recipe fast --seeds 0-2

Weights are learned from which a few steps lead close to each task's own best ones. Training takes some ordinary steps
on one task and then moves the start a little towards where they ended. No gradient goes through the steps, and no
queries are needed to train.

Training takes `inner_steps` steps on mini-batches of a task's support and query set together, and the meta-gradient is
initial minus adapted weights: with SGD at rate 1 the loop's update is the paper's interpolation, other optimisers take
it as their gradient (section 3). At evaluation every step uses the whole support set. Networks, losses and `norm` are
those of maml.py, in the authors' form: a learned scale, every cell of the last map to the head. All weights adapt,
scales and shifts included: a weight that doesn't move would learn nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

import bench
from baselines.maml import MAML, Weights


class Reptile(MAML):
    family = "optimization"
    transductive = MAML.transductive  # norm=batch is

    @dataclass
    class Options(MAML.Options):
        inner_optimizer: Literal["adam", "sgd"] = "adam"  # Adam without momentum (beta_1 = 0), as the authors use
        inner_lr: float = 0.001
        inner_steps: int = 5  # in training
        inner_batch: int = 10  # images or points of such a step
        test_steps: int = 5  # at evaluation, ranked
        flatten: bool = True
        scale: bool = True
        init: Literal["small_head", "normal_head", "xavier"] = "xavier"

    def train_step(self, episodes: bench.Episodes) -> Tensor:
        x = torch.cat([episodes.support_x, episodes.query_x], dim=1)
        y = torch.cat([episodes.support_y, episodes.query_y], dim=1)
        return self.meta_step(self.task_loss, (x, y, self.mini_batches(len(x), x.shape[1], x.device)))

    def mini_batches(self, n_tasks: int, n: int, device: torch.device) -> Tensor:
        """Members of each step's mini-batch [B, steps, batch] out of n: shuffled passes through the task's data."""
        steps, size = self.options.inner_steps, min(self.options.inner_batch, n)
        passes = -(-steps * size // n)
        shuffled = torch.rand(n_tasks, passes, n, device=device).argsort(dim=-1)
        return shuffled.flatten(1)[:, : steps * size].reshape(n_tasks, steps, size)

    def task_loss(self, weights: Weights, x: Tensor, y: Tensor, picks: Tensor) -> Tensor:  # type: ignore[override]
        """The last mini-batch's loss, as a function whose gradient is initial minus adapted weights.

        That is the gradient of half the squared distance to the adapted weights, taken as constants; its value is
        of no interest. x, y : [S + Q, ...], picks : [steps, batch]
        """
        adapted = {name: w.detach() for name, w in weights.items()}
        squares, loss = zeros(adapted), torch.zeros(())
        for step, pick in enumerate(picks, 1):
            adapted, squares, loss = self.descend(adapted, squares, step, x[pick], y[pick])
        distance = torch.stack([(w - adapted[name]).square().sum() for name, w in weights.items()]).sum() / 2
        return distance + (loss - distance).detach()

    def descend(
        self, weights: Weights, squares: Weights, step: int, x: Tensor, y: Tensor
    ) -> tuple[Weights, Weights, Tensor]:
        """Inner step number `step` from 1 on: weights, second moments, and the loss before it.

        The authors' Adam keeps its second moments from task to task. Here every task starts its own, so that tasks
        are independent of their order.
        """
        gradient, loss = torch.func.grad_and_value(self.support_loss)(weights, x, y)
        if self.options.inner_optimizer == "adam":
            squares = {name: 0.999 * squares[name] + 0.001 * g.square() for name, g in gradient.items()}
            scale = 1 - 0.999**step
            gradient = {name: g / ((squares[name] / scale).sqrt() + 1e-8) for name, g in gradient.items()}
        return {name: w - self.options.inner_lr * gradient[name] for name, w in weights.items()}, squares, loss

    def adapt(self, x: Tensor, y: Tensor, query: Tensor) -> dict[str, Tensor]:
        """Query outputs after the reported numbers of steps."""
        weights = {name: w.detach() for name, w in self.net.named_parameters()}
        squares = zeros(weights)
        wanted = {self.options.test_steps, *self.options.report_steps}
        outputs = {}
        for step in range(max(wanted) + 1):
            if step:
                weights, squares, _ = self.descend(weights, squares, step, x, y)
            if step in wanted:
                outputs[str(step)] = self.query_output(weights, x, query)
        return outputs


def zeros(weights: Weights) -> Weights:
    return {name: torch.zeros_like(w) for name, w in weights.items()}
