"""Model-Agnostic Meta-Learning (Finn et al. 2017, arXiv:1703.03400).

    bench run --algo maml --suite sinusoid-10s --recipe paper --seeds 0-2
    bench run --algo maml --suite omniglot-5w1s --set norm=batch       # as published: batch statistics, transductive

The initial weights of a network are learned so that a few gradient steps on a support set make it good at that task.
Training takes those steps, measures the loss on the queries after them, and follows its gradient back through the
steps. At evaluation the same steps are all the adaptation there is.

Where normalisation statistics come from decides what a classification number means:
* `norm=support` (default, inductive): queries are normalised with the statistics of their support set.
* `norm=batch` (as published, transductive): queries are normalised with their own batch's statistics.

The inner loss here is a mean. The authors' code sums it and divides by the shots, so that their inner rate .4 for
5-way Omniglot is 5 x .4 = 2.0 here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench

Weights = dict[str, Tensor]


class MAML(bench.Learner):
    family = "optimization"

    @dataclass
    class Options:
        norm: Literal["support", "batch"] = "support"  # whose statistics normalise the queries (images only)
        inner_lr: float = 0.01  # alpha of eq. 1, for a mean loss
        inner_steps: int = 1  # in training
        test_steps: int = 1  # at evaluation, ranked
        report_steps: tuple[int, ...] = ()  # further step counts to report at evaluation
        first_order: bool = False  # ignore second derivatives (section 5.2)
        filters: int = 64  # of the image network
        hidden: int = 40  # units of the regression network's two hidden layers
        pool: bool = False  # False: strided convolutions (Omniglot); True: max-pooling (mini-ImageNet, CIFAR-FS)
        flatten: bool = False  # strided: the head sees every cell of the last map instead of their mean; pooled always
        scale: bool = False  # normalised channels have a learned scale beside their shift
        activation: Literal["relu", "leaky_relu"] = "relu"  # of the image network
        init: Literal["small_head", "normal_head", "xavier"] = "small_head"  # of the image network, see ConvNet

    @property
    def transductive(self) -> bool:  # type: ignore[override]  # an option decides
        return bool(self.task.kind == "classification" and self.options.norm == "batch")

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        net = ConvNet(task, options) if task.kind == "classification" else Regressor(task, options)
        self.net: ConvNet | Regressor = net
        self.convolutional = task.kind == "classification"

    # -- one task ---------------------------------------------------------------------------------------------------

    def inner_step(self, weights: Weights, x: Tensor, y: Tensor) -> Weights:
        """eq. 1: theta' = theta - alpha grad L(theta), on the support set [S, ...]."""
        gradient = torch.func.grad(self.support_loss)(weights, x, y)
        if self.options.first_order:
            gradient = {name: g.detach() for name, g in gradient.items()}
        fast = self.net.adapted
        return {name: w - self.options.inner_lr * gradient[name] if name in fast else w for name, w in weights.items()}

    def support_loss(self, weights: Weights, x: Tensor, y: Tensor) -> Tensor:
        return self.error(self.net.run(weights, x, len(x)), y)

    def query_output(self, weights: Weights, x: Tensor, query: Tensor) -> Tensor:
        """Output for the queries [Q, ...], normalised as `norm` says."""
        if self.transductive or not self.convolutional:
            return self.net.run(weights, query, len(query))
        return self.net.run(weights, torch.cat([x, query]), len(x))[len(x) :]

    def error(self, output: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(output, target) if self.convolutional else F.mse_loss(output, target)

    def task_loss(self, weights: Weights, x: Tensor, y: Tensor, query: Tensor, target: Tensor) -> Tensor:
        """The summand of the meta-objective, eq. 2."""
        for _ in range(self.options.inner_steps):
            weights = self.inner_step(weights, x, y)
        return self.error(self.query_output(weights, x, query), target)

    def adapt(self, x: Tensor, y: Tensor, query: Tensor) -> dict[str, Tensor]:
        """Query outputs after the reported numbers of steps."""
        weights = {name: w.detach() for name, w in self.net.named_parameters()}
        wanted = {self.options.test_steps, *self.options.report_steps}
        outputs = {}
        for step in range(max(wanted) + 1):
            if step:
                weights = self.inner_step(weights, x, y)
            if step in wanted:
                outputs[str(step)] = self.query_output(weights, x, query)
        return outputs

    # -- batches of tasks -------------------------------------------------------------------------------------------

    def train_step(self, episodes: bench.Episodes) -> Tensor:
        tasks = (episodes.support_x, episodes.support_y, episodes.query_x, episodes.query_y)
        return self.meta_step(self.task_loss, tasks)

    def meta_step(self, task_loss: Callable[..., Tensor], tasks: tuple[Tensor, ...]) -> Tensor:
        """Leave the meta-gradient of `task_loss` over a batch of tasks in `.grad`; the loss."""
        parameters: Weights = dict(self.net.named_parameters())
        loss, gradient = bench.meta_gradient(task_loss, parameters, tasks, self.strategy)
        for name, parameter in parameters.items():
            parameter.grad = gradient[name]
        return loss

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        strategy: bench.Strategy = "loop" if self.strategy == "loop" else "vmap"
        outputs = bench.map_tasks(self.adapt, (support_x, support_y, query_x), strategy)
        final = outputs[str(self.options.test_steps)]
        if self.convolutional:
            return {"final": final} | {f"accuracy@step{s}": outputs[str(s)] for s in self.options.report_steps}
        points = {f"mse@step{s}": bench.Point(outputs[str(s)]) for s in self.options.report_steps}
        return {"final": bench.Point(final), **points}


class ConvNet(nn.Module):
    """Four 3x3 convolutions with batch norm and ReLU, global mean (strided) or flatten (pooled), linear.

    As in the authors' code the normalisation's shift is meta-learned, not adapted, and there is no scale unless asked
    for, of which the same is true.

    Initial weights: `small_head` takes a normal of .01 for the head and Xavier for the convolutions as matrices
    [9 n_in, n_out]. The others take Xavier for them as kernels, whose outputs count nine times, too; the head is
    standard normal (`normal_head`, the authors' on Omniglot) or Xavier (`xavier`, theirs on mini-ImageNet).
    """

    def __init__(self, task: bench.TaskSpec, options: MAML.Options) -> None:
        super().__init__()
        channels, size, _ = task.x_shape
        self.pool, self.flatten, self.scale = options.pool, options.pool or options.flatten, options.scale
        self.activation = F.relu if options.activation == "relu" else F.leaky_relu
        self.convs = nn.ParameterList()  # [9 * n_in, n_out], rows ordered by (ky, kx, channel)
        self.shifts = nn.ParameterList()
        for block in range(4):
            rows, columns = 9 * (channels if block == 0 else options.filters), options.filters
            gain = 1.0 if options.init == "small_head" else math.sqrt((rows + columns) / (rows + 9 * columns))
            self.convs.append(nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, columns), gain)))
            self.shifts.append(nn.Parameter(torch.zeros(columns)))
        self.scales = nn.ParameterList(torch.ones(options.filters) for _ in range(4 if options.scale else 0))
        side = size // 16 if self.pool else math.ceil(size / 16)
        self.head = nn.Linear(options.filters * (side**2 if self.flatten else 1), task.way)
        if options.init == "xavier":
            nn.init.xavier_uniform_(self.head.weight)
        else:
            nn.init.normal_(self.head.weight, std=0.01 if options.init == "small_head" else 1.0)
        nn.init.zeros_(self.head.bias)
        self.adapted = frozenset(
            name for name, _ in self.named_parameters() if not name.startswith(("shifts", "scales"))
        )

    def run(self, weights: Weights, images: Tensor, n_statistics: int) -> Tensor:
        """Logits [M, way]; the first `n_statistics` images of [M, C, H, W] give the normalisation statistics."""
        h = images.permute(0, 2, 3, 1).contiguous()  # [M, H, W, C]
        # In two parts: the gradient of a slice is as large as the whole, zeros and a sum in every block.
        parts = [h] if n_statistics == len(h) else [h[:n_statistics], h[n_statistics:]]
        for block in range(4):
            weight = weights[f"convs.{block}"]
            parts = [convolve(h, weight) if self.pool else convolve_by_columns(h, weight, stride=2) for h in parts]
            mean, factor = statistics(parts[0])
            factor = factor * weights[f"scales.{block}"] if self.scale else factor
            shift = weights[f"shifts.{block}"] - mean * factor
            parts = [self.activate(h, factor, shift) for h in parts]
        h = torch.cat(parts)
        h = h.flatten(1) if self.flatten else h.mean((1, 2))
        return F.linear(h, weights["head.weight"], weights["head.bias"])

    def activate(self, h: Tensor, factor: Tensor, shift: Tensor) -> Tensor:
        """`factor` h + `shift`, pooled where the network pools, and the activation."""
        if self.pool and not self.scale:  # a positive factor commutes with the maximum, on a quarter of the cells
            return self.activation(torch.addcmul(shift, max_pool(h), factor))
        h = torch.addcmul(shift, h, factor)
        return self.activation(max_pool(h) if self.pool else h)


class Regressor(nn.Module):
    """A perceptron with two hidden layers of ReLU units; weights start at a truncated normal of .01, biases at 0."""

    def __init__(self, task: bench.TaskSpec, options: MAML.Options) -> None:
        super().__init__()
        sizes = (task.x_shape[0], options.hidden, options.hidden, task.y_dim)
        layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        self.layers = nn.ModuleList(layers)
        for layer in layers:
            nn.init.trunc_normal_(layer.weight, std=0.01, a=-0.02, b=0.02)
            nn.init.zeros_(layer.bias)
        self.adapted = frozenset(name for name, _ in self.named_parameters())

    def run(self, weights: Weights, x: Tensor, n_statistics: int) -> Tensor:
        """[M, dx] -> [M, dy]; nothing is normalised, `n_statistics` is unused."""
        h = x
        for layer in range(3):
            h = F.linear(h, weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"])
            h = F.relu(h) if layer < 2 else h
        return h


def convolve(h: Tensor, weight: Tensor) -> Tensor:
    """3x3 convolution with stride 1 and padding 1: h [M, H, W, C], weight [9 C, D] -> [M, H, W, D].

    The library's own, twice as fast as columns on the large maps of the pooled network, one task after the other
    (strategy "loop"): a batch of tasks, each with weights of its own, would be a slow grouped convolution.
    """
    kernel = weight.reshape(3, 3, h.shape[-1], -1).permute(3, 2, 0, 1)
    return F.conv2d(h.permute(0, 3, 1, 2), kernel, padding=1).permute(0, 2, 3, 1)


def convolve_by_columns(h: Tensor, weight: Tensor, stride: int) -> Tensor:
    """3x3 convolution with padding 1 as one matrix product: h [M, H, W, C], weight [9 C, D] -> [M, H', W', D].

    Gathered into columns a batch of tasks is one batched product, which compiles well: the fastest way for the small
    maps of the strided network (docs/performance.md).
    """
    rows, columns = (h.shape[1] + stride - 1) // stride, (h.shape[2] + stride - 1) // stride
    h = F.pad(h, (0, 0, 1, 1, 1, 1))
    shifted = [
        h[:, y : y + stride * (rows - 1) + 1 : stride, x : x + stride * (columns - 1) + 1 : stride]
        for y in range(3)
        for x in range(3)
    ]
    return torch.cat(shifted, dim=-1) @ weight


def statistics(h: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and inverse standard deviation of each channel: [M, H, W, C] -> [1, 1, 1, C] each."""
    variance, mean = torch.var_mean(h, (0, 1, 2), correction=0, keepdim=True)
    return mean, torch.rsqrt(variance + 1e-3)


def max_pool(h: Tensor) -> Tensor:
    """2x2 max-pooling of [M, H, W, C], odd edges dropped."""
    return F.max_pool2d(h.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
