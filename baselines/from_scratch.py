"""From scratch: a fresh network fitted to each episode's support set, nothing meta-learned.

What the support set alone gives: every learner that has seen other tasks should beat it. The network starts at the same
random weights in every episode.

Classification: MAML's convolutional network, plain gradient steps on the support set, normalised with its statistics.
Regression: MAML's 40-40 perceptron fitted with Adam to standardised targets. MAML's own start, a truncated normal of
.01 with zero biases, is made to be meta-learned: gradients of its hidden layers are about 1e-4, and every kink lies at
x = 0. Here weights are scaled by their fan-in (He et al. 2015, arXiv:1502.01852), biases of the first layer spread the
kinks over the inputs, and the last layer starts at zero: step 0 answers with the mean of the support targets.

Rates and steps were chosen on validation episodes of omniglot-5w1s (10 settings) and of the sinusoids (4 rates, 2 of
them of plain gradient descent).

    bench run --algo from_scratch --suite omniglot-5w1s
    bench run --algo from_scratch --suite sinusoid-10s
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.maml import MAML, ConvNet, Regressor, Weights

CHUNK = 10  # image episodes fitted at once: what a hundred of them gather into columns fills a small machine's memory
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's (Kingma & Ba 2015, arXiv:1412.6980)


class FromScratch(bench.Learner):
    family = "reference"
    transductive = False
    trains = False

    @dataclass
    class Options:
        steps: int | None = None  # gradient steps, ranked; None: 10 on images, 300 on functions
        lr: float | None = None  # None: 1 on images (gradient descent), .01 on functions (Adam)
        report_steps: tuple[int, ...] = (0, 1, 5, 10)  # further step counts to report, on functions only
        filters: int = 64  # of the image network
        hidden: int = 40  # units of the regression network's two hidden layers
        x_std: float = 2.9  # inputs are divided by it: the standard deviation of U[-5, 5]

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        gp = task.kind == "regression" and task.kernel
        return "predicts points; the suite ranks the log-likelihood" if gp else None

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        images = task.kind == "classification"
        sizes = MAML.Options(filters=options.filters, hidden=options.hidden)
        with torch.device("meta"):  # shapes and the forward pass are all that is wanted of it
            net = ConvNet(task, sizes) if images else Regressor(task, sizes)
        self.run = net.run
        self.shapes = {name: tuple(weight.shape) for name, weight in net.named_parameters()}
        self.adapted = net.adapted
        self.steps = options.steps if options.steps is not None else 10 if images else 300
        self.lr = options.lr if options.lr is not None else 1.0 if images else 0.01

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        start = {name: self.start(name, shape).to(support_x) for name, shape in self.shapes.items()}
        if self.task.kind == "classification":
            logits: Tensor = torch.func.vmap(self.fit_images, in_dims=(None, 0, 0, 0), chunk_size=CHUNK)(
                start, support_x, support_y, query_x
            )
            return logits
        outputs = torch.func.vmap(self.fit_function, in_dims=(None, 0, 0, 0))(start, support_x, support_y, query_x)
        points = {f"mse@step{step}": bench.Point(outputs[step]) for step in self.options.report_steps}
        return {"final": bench.Point(outputs[self.steps]), **points}

    def start(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Initial value of a weight of MAML's networks: the last layer, later biases and shifts are zero."""
        if name in {"layers.2.weight", "head.weight"} or (len(shape) == 1 and name != "layers.0.bias"):
            return torch.zeros(shape)
        fan_in = 2 if len(shape) == 1 else shape[0] if name.startswith("convs") else shape[1]
        return self.noise(name.replace(".", "_"), shape) * math.sqrt(2 / fan_in)

    def fit_images(self, weights: Weights, x: Tensor, y: Tensor, query: Tensor) -> Tensor:
        """Gradient descent on one support set [S, C, H, W], [S]; logits [Q, way] of the queries."""

        def loss(weights: Weights) -> Tensor:
            return F.cross_entropy(self.run(weights, x, len(x)), y)

        for _ in range(self.steps):
            gradient = torch.func.grad(loss)(weights)
            weights = {name: w - self.lr * gradient[name] if name in self.adapted else w for name, w in weights.items()}
        return self.run(weights, torch.cat([x, query]), len(x))[len(x) :]

    def fit_function(self, weights: Weights, x: Tensor, y: Tensor, query: Tensor) -> dict[int, Tensor]:
        """Adam on one support set [S, dx], [S, dy]; values [Q, dy] after the reported numbers of steps."""
        x, query = x / self.options.x_std, query / self.options.x_std
        mean, std = y.mean(0), y.std(0).clamp_min(1e-3)

        def loss(weights: Weights) -> Tensor:
            return F.mse_loss(self.run(weights, x, len(x)), (y - mean) / std)

        wanted, outputs = {self.steps, *self.options.report_steps}, {}
        first = second = {name: torch.zeros_like(w) for name, w in weights.items()}
        for step in range(max(wanted) + 1):
            if step:
                gradient = torch.func.grad(loss)(weights)
                first = {name: BETA1 * first[name] + (1 - BETA1) * g for name, g in gradient.items()}
                second = {name: BETA2 * second[name] + (1 - BETA2) * g**2 for name, g in gradient.items()}
                weights = {
                    name: w - self.lr * direction(first[name], second[name], step) for name, w in weights.items()
                }
            if step in wanted:
                outputs[step] = mean + std * self.run(weights, query, len(query))
        return outputs


def direction(first: Tensor, second: Tensor, step: int) -> Tensor:
    """Adam's direction at `step` = 1, 2, ... from the running moments of the gradient."""
    return first / (1 - BETA1**step) / ((second / (1 - BETA2**step)).sqrt() + EPSILON)
