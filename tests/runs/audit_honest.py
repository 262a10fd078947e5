"""Honest learners, however unusual."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy import optimize
from torch import Tensor, nn

import bench
from baselines.protonet import class_means
from tests.runs.audit_bases import Curves, Embedded, Frequencies, Pixels, logits


class DropsByNoise(Pixels):
    """Features dropped by the harness's own noise."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        mask = (self.noise("mask", (support_x[0, 0].numel(),)) > 0).to(support_x)
        return logits(support_x.flatten(2) * mask, support_y, query_x.flatten(2) * mask)


class HalfPrecision(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        support, query = support_x.flatten(2).half(), query_x.flatten(2).half()
        centres = class_means(support.float(), support_y).half()
        return (2 * query @ centres.transpose(1, 2) - (centres**2).sum(-1)[:, None]).float()


class Brain16(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        support, query = support_x.flatten(2).bfloat16(), query_x.flatten(2).bfloat16()
        centres = class_means(support.float(), support_y).bfloat16()
        return (2 * query @ centres.transpose(1, 2)).float() - (centres.float() ** 2).sum(-1)[:, None]


class Ties(Pixels):
    """Many classes are equally near: distances of five levels only."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        near = logits(support_x.flatten(2), support_y, query_x.flatten(2))
        return (near / near.abs().amax(-1, keepdim=True).clamp_min(1e-9) * 4).round()


class Constant(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return torch.zeros(*query_x.shape[:2], int(support_y.max()) + 1, dtype=query_x.dtype)


class SciPySolver(Pixels):
    """Logistic regression of each episode by L-BFGS, not to convergence."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return torch.stack([self.fit(*one) for one in zip(support_x, support_y, query_x, strict=True)])

    def fit(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        x, y = F.avg_pool2d(support_x, 7).flatten(1).double().numpy(), F.one_hot(support_y).double().numpy()

        def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
            w = flat.reshape(x.shape[1], -1)
            z = x @ w
            p = np.exp(z - z.max(1, keepdims=True))
            p /= p.sum(1, keepdims=True)
            return -float((y * np.log(p + 1e-300)).sum()) + 0.01 * float((w**2).sum()), (
                x.T @ (p - y) + 0.02 * w
            ).ravel()

        found = optimize.minimize(loss, np.zeros(x.shape[1] * y.shape[1]), jac=True, method="L-BFGS-B")
        w = torch.from_numpy(found.x.reshape(x.shape[1], -1)).to(query_x)
        return F.avg_pool2d(query_x, 7).flatten(1) @ w


class Flips(Pixels):
    """Every image with its mirror image."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        sides = [
            logits(s.flatten(2), support_y, q.flatten(2))
            for s, q in ((support_x, query_x), (support_x.flip(-1), query_x))
        ]
        return torch.logsumexp(torch.stack(sides), 0)


class RandomProjection(Embedded):
    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.project = nn.Linear(math.prod(task.x_shape), 32)

    def embed(self, images: Tensor) -> Tensor:
        return self.project(images.flatten(1))


class HugeLogits(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return 1e8 * logits(support_x.flatten(2), support_y, query_x.flatten(2))


class HugeOffset(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        return 1e6 + logits(support_x.flatten(2), support_y, query_x.flatten(2))


class ByGradients(Pixels):
    """A linear head fitted to the support by gradient steps."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        x, y = support_x.flatten(2), F.one_hot(support_y).to(support_x.dtype)
        w = torch.zeros(*x.shape[::2], y.shape[2], dtype=x.dtype)
        for _ in range(30):
            w = w - 0.05 * x.transpose(1, 2) @ ((x @ w).softmax(-1) - y)
        return query_x.flatten(2) @ w


class Nearest(Pixels):
    """One nearest neighbour, with votes for logits."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        nearest = torch.cdist(query_x.flatten(2), support_x.flatten(2)).argmin(-1)
        return F.one_hot(support_y.gather(1, nearest), int(support_y.max()) + 1).to(query_x.dtype)


class OneByOne(Pixels):
    """A loop over episodes and queries."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        rows = []
        for support, y, queries in zip(support_x, support_y, query_x, strict=True):
            rows.append(
                torch.cat([logits(support.flatten(1)[None], y[None], q.flatten()[None, None])[0] for q in queries])
            )
        return torch.stack(rows)


class CachesPrototypes(Pixels):
    """A cache by the bytes of the support set, as a faster learner might keep one."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.cache: dict[bytes, Tensor] = {}

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        centres = [
            self.cache.setdefault(s.numpy().tobytes(), class_means(s.flatten(1)[None], y[None])[0])
            for s, y in zip(support_x, support_y, strict=True)
        ]
        return -(torch.cdist(query_x.flatten(2), torch.stack(centres)) ** 2)


class AsManyAsAsked(Pixels):
    """Takes a full set of queries only, and says so."""

    fixed_queries = True

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        assert query_x.shape[1] == self.task.way * self.task.query, "another number of queries"
        return super().predict(support_x, support_y, query_x)


class NeedsAll(Pixels):
    """The same, but it doesn't say so."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        assert query_x.shape[1] in (10, 75), "another number of queries"
        return super().predict(support_x, support_y, query_x)


class SaysItCentres(Pixels):
    """Centres its queries, and says so."""

    transductive = True

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return True


HONEST = (
    DropsByNoise,
    HalfPrecision,
    Brain16,
    Ties,
    Constant,
    SciPySolver,
    Flips,
    RandomProjection,
    HugeLogits,
    HugeOffset,
    ByGradients,
    Nearest,
    OneByOne,
    CachesPrototypes,
    AsManyAsAsked,
    SaysItCentres,
)


HONEST_ELSEWHERE = ((Curves, "sinusoid-5s"), (Frequencies, "bandit-n10k5"))
