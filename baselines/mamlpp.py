"""MAML++ (Antoniou et al. 2019, arXiv:1810.09502): how to train your MAML.

    bench run --algo mamlpp --suite omniglot-5w1s --recipe fast --seeds 0-2

MAML with the repairs that make it train steadily. The inner rates are learned, the loss after every step counts early
on, and each step has normalisation parameters of its own. What is learned and how it adapts stay those of MAML.

Over maml.py, whose networks, losses and `norm` it shares:
* LSLR: inner rates are learned, one per layer and step. Evaluation steps beyond the trained ones use the last step's.
* MSL: early in training the queries' loss after every step counts, with weights that are annealed to the last step's.
* BNWB: each step has its own scales and shifts after the normalisation.
* CA: the cosine of the learning rate is the recipe's.

Not here: the derivative-order annealing (the authors' configurations switch it off), running statistics (their code
computes them and normalises by the batch's all the same), and the ensemble of the five best checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

import bench
from baselines.maml import MAML, Weights


class MAMLPlusPlus(MAML):
    step: Tensor  # training steps done

    family = "optimization"
    transductive = MAML.transductive  # norm=batch is

    @dataclass
    class Options(MAML.Options):
        inner_lr: float = 0.1  # every rate before training, for a mean loss
        inner_steps: int = 5  # in training
        test_steps: int = 5  # at evaluation, ranked
        multi_step: float = 0.1  # share of the training in which every step's loss counts
        scale: bool = True  # per step, like the shift
        activation: Literal["relu", "leaky_relu"] = "leaky_relu"
        init: Literal["small_head", "normal_head", "xavier"] = "xavier"

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.fast = sorted(self.net.adapted)
        self.per_step = [name for name, _ in self.net.named_parameters() if name.startswith(("shifts", "scales"))]
        rates = torch.full((options.inner_steps, len(self.fast)), options.inner_lr)
        self.net.rates = nn.Parameter(rates)
        for name in self.per_step:  # [filters] -> [steps, filters]
            parameter = self.net.get_parameter(name)
            parameter.data = parameter.data.repeat(options.inner_steps, 1)
        self.annealed = 0  # training steps with a multi-step loss
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def configure_optimizer(self, steps: int) -> None:
        self.annealed = round(self.options.multi_step * steps)

    # -- one task ---------------------------------------------------------------------------------------------------

    def of_step(self, weights: Weights, step: int) -> Weights:
        """The weights with the scales and shifts of a step; those after the last trained one share its."""
        row = min(step, self.options.inner_steps - 1)
        return weights | {name: weights[name][row] for name in self.per_step}

    def inner_step_at(self, weights: Weights, step: int, x: Tensor, y: Tensor) -> Weights:
        """Section 4, LSLR: theta_{i+1} = theta_i - alpha[step, layer] grad L(theta_i); steps count from 0."""
        gradient = torch.func.grad(self.support_loss)(self.of_step(weights, step), x, y)
        rates = weights["rates"][min(step, self.options.inner_steps - 1)]
        return weights | {name: weights[name] - rates[i] * gradient[name] for i, name in enumerate(self.fast)}

    def multi_step_loss(
        self, weights: Weights, x: Tensor, y: Tensor, query: Tensor, target: Tensor, importance: Tensor
    ) -> Tensor:
        """eq. 4: the queries' losses after every step, weighted by `importance` [steps]."""
        loss = torch.zeros_like(importance[0])
        for step in range(self.options.inner_steps):
            weights = self.inner_step_at(weights, step, x, y)
            output = self.query_output(self.of_step(weights, step), x, query)
            loss = loss + importance[step] * self.error(output, target)
        return loss

    def task_loss(self, weights: Weights, x: Tensor, y: Tensor, query: Tensor, target: Tensor) -> Tensor:
        """The queries' loss after the last step."""
        for step in range(self.options.inner_steps):
            weights = self.inner_step_at(weights, step, x, y)
        return self.error(self.query_output(self.of_step(weights, self.options.inner_steps - 1), x, query), target)

    def adapt(self, x: Tensor, y: Tensor, query: Tensor) -> dict[str, Tensor]:
        """Query outputs after the reported numbers of steps."""
        weights = {name: w.detach() for name, w in self.net.named_parameters()}
        wanted = {self.options.test_steps, *self.options.report_steps}
        outputs = {}
        for done in range(max(wanted) + 1):
            if done:
                weights = self.inner_step_at(weights, done - 1, x, y)
            if done in wanted:
                outputs[str(done)] = self.query_output(self.of_step(weights, max(done - 1, 0)), x, query)
        return outputs

    # -- batches of tasks -------------------------------------------------------------------------------------------

    def importance(self) -> list[float]:
        """Weights of the steps' losses: equal at first, moving to the last linearly; a floor of .03 / steps stays."""
        steps = self.options.inner_steps
        early = max(1 - int(self.step) / max(self.annealed, 1), 0.03) / steps
        return [early] * (steps - 1) + [1 - early * (steps - 1)]

    def train_step(self, episodes: bench.Episodes) -> Tensor:
        tasks = (episodes.support_x, episodes.support_y, episodes.query_x, episodes.query_y)
        if int(self.step) < self.annealed:
            importance = self.net.get_parameter("rates").new_tensor(self.importance()).expand(len(episodes), -1)
            loss = self.meta_step(self.multi_step_loss, (*tasks, importance))
        else:
            loss = self.meta_step(self.task_loss, tasks)
        self.step += 1
        return loss
