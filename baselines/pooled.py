"""Pre-training on all tasks pooled, then fine-tuning: the baseline of Finn et al. 2017 (arXiv:1703.03400), section 5.1.

One network regresses the points of all training functions as if they were one function, so that it learns their mean,
-(2 / pi) E[A] cos x for the sinusoids of the paper. At evaluation it takes gradient steps on the support set. It shares
everything with MAML but the outer objective, which is what the difference between the two measures.

    bench run --algo pooled --suite sinusoid-10s --recipe fast --seeds 0-2
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.maml import MAML, Regressor, Weights


class Pooled(bench.Learner):
    family = "reference"
    domains = ("regression",)
    transductive = False

    @dataclass
    class Options:
        test_lr: float = 0.01  # of gradient descent on the support set; the paper tunes it automatically
        test_steps: int = 10  # at evaluation, ranked
        report_steps: tuple[int, ...] = (0, 1, 5, 10)  # step counts to report
        hidden: int = 40  # units of the network's two hidden layers

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return "predicts points; the suite ranks the log-likelihood" if task.kernel else None

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.net = Regressor(task, MAML.Options(hidden=options.hidden))

    def loss(self, episodes: bench.Episodes) -> Tensor:
        """Mean squared error over every point of every function; which function it came from is not used."""
        x = torch.cat([episodes.support_x, episodes.query_x], dim=1).flatten(0, 1)
        y = torch.cat([episodes.support_y, episodes.query_y], dim=1).flatten(0, 1)
        return F.mse_loss(self.net.run(dict(self.net.named_parameters()), x, len(x)), y)

    def fine_tune(self, x: Tensor, y: Tensor, query: Tensor) -> dict[int, Tensor]:
        """Values [Q, dy] after the reported numbers of gradient steps on one support set [S, dx], [S, dy]."""

        def loss(weights: Weights) -> Tensor:
            return F.mse_loss(self.net.run(weights, x, len(x)), y)

        weights = {name: w.detach() for name, w in self.net.named_parameters()}
        wanted, outputs = {self.options.test_steps, *self.options.report_steps}, {}
        for step in range(max(wanted) + 1):
            if step:
                gradient = torch.func.grad(loss)(weights)
                weights = {name: w - self.options.test_lr * gradient[name] for name, w in weights.items()}
            if step in wanted:
                outputs[step] = self.net.run(weights, query, len(query))
        return outputs

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        strategy: bench.Strategy = "loop" if self.strategy == "loop" else "vmap"
        outputs = bench.map_tasks(self.fine_tune, (support_x, support_y, query_x), strategy)
        points = {f"mse@step{step}": bench.Point(outputs[step]) for step in self.options.report_steps}
        return {"final": bench.Point(outputs[self.options.test_steps]), **points}
