"""ANIL, "almost no inner loop" (Raghu et al. 2020, arXiv:1909.09157): MAML that adapts the head only.

    bench run --algo anil --suite omniglot-5w1s --recipe fast --seeds 0-2

The inner loop of MAML is cut down to the last layer: the body of the network is the same for all tasks. What MAML
learns is then mostly features that make a linear layer quick to fit. If that does as well as MAML, adapting the body
was never needed.

The body runs once per image, as one convolution over the whole batch of tasks. Networks, losses and `norm` are those of
maml.py.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.maml import MAML, ConvNet, Weights


class ANIL(MAML):
    family = "optimization"
    transductive = MAML.transductive  # norm=batch is

    def __init__(self, task: bench.TaskSpec, options: MAML.Options) -> None:
        super().__init__(task, options)
        self.head = "head" if self.convolutional else "layers.2"

    def features(self, weights: Weights, x: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
        """What the head sees of support and queries: [S, D], [Q, D], normalised as `norm` says."""
        body = self.image_body if self.convolutional else self.function_body
        if self.transductive:
            return body(weights, x, len(x)), body(weights, query, len(query))
        z = body(weights, torch.cat([x, query]), len(x))
        return z[: len(x)], z[len(x) :]

    def image_body(self, weights: Weights, images: Tensor, n_statistics: int) -> Tensor:
        """ConvNet.run up to its head [M, D]; weights shared by all tasks need no columns: these are convolutions."""
        net, h = self.net, images  # [M, C, H, W]
        assert isinstance(net, ConvNet)
        for block in range(4):
            weight = weights[f"convs.{block}"]  # [9 C, D]
            kernel = weight.reshape(3, 3, -1, weight.shape[1]).permute(3, 2, 0, 1)
            h = F.conv2d(h, kernel, stride=1 if net.pool else 2, padding=1)
            variance, mean = torch.var_mean(h[:n_statistics], (0, 2, 3), correction=0, keepdim=True)
            factor = torch.rsqrt(variance + 1e-3)
            if net.scale:  # which may be negative: the maximum has to wait for it
                factor = factor * weights[f"scales.{block}"][:, None, None]
            elif net.pool:  # commutes with what follows, on a quarter of the cells
                h = F.max_pool2d(h, 2)
            h = (h - mean) * factor + weights[f"shifts.{block}"][:, None, None]
            h = net.activation(F.max_pool2d(h, 2) if net.pool and net.scale else h)
        h = h.permute(0, 2, 3, 1)
        return h.flatten(1) if net.flatten else h.mean((1, 2))

    def function_body(self, weights: Weights, x: Tensor, n_statistics: int) -> Tensor:
        """Regressor.run up to its head: [M, dx] -> [M, hidden]."""
        for layer in range(2):
            x = F.relu(F.linear(x, weights[f"layers.{layer}.weight"], weights[f"layers.{layer}.bias"]))
        return x

    def head_of(self, weights: Weights) -> Weights:
        return {name: weights[f"{self.head}.{name}"] for name in ("weight", "bias")}

    def head_step(self, head: Weights, z: Tensor, y: Tensor) -> Weights:
        """The inner step of section 4.1: theta'_head = theta_head - alpha grad L, the body as it is."""
        gradient = torch.func.grad(lambda h: self.error(F.linear(z, h["weight"], h["bias"]), y))(head)
        if self.options.first_order:
            gradient = {name: g.detach() for name, g in gradient.items()}
        return {name: w - self.options.inner_lr * gradient[name] for name, w in head.items()}

    def task_loss(self, weights: Weights, x: Tensor, y: Tensor, query: Tensor, target: Tensor) -> Tensor:
        support_z, query_z = self.features(weights, x, query)
        head = self.head_of(weights)
        for _ in range(self.options.inner_steps):
            head = self.head_step(head, support_z, y)
        return self.error(F.linear(query_z, head["weight"], head["bias"]), target)

    def adapt(self, x: Tensor, y: Tensor, query: Tensor) -> dict[str, Tensor]:
        """Query outputs after the reported numbers of steps."""
        weights = {name: w.detach() for name, w in self.net.named_parameters()}
        support_z, query_z = self.features(weights, x, query)
        head = self.head_of(weights)
        wanted = {self.options.test_steps, *self.options.report_steps}
        outputs = {}
        for step in range(max(wanted) + 1):
            if step:
                head = self.head_step(head, support_z, y)
            if step in wanted:
                outputs[str(step)] = F.linear(query_z, head["weight"], head["bias"])
        return outputs
