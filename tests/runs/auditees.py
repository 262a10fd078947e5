"""Learners for the audit: cheats that an untrained learner on generated tasks does not betray, and honest oddities.

All of them classify by distances of pixels to class means, and none is trained.
"""

from __future__ import annotations

import gc
import math
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from scipy import optimize
from torch import Tensor, nn

import bench

COUNTS = {"asked": 0}
MEMORY: dict[str, Tensor] = {}


def means(z: Tensor, y: Tensor) -> Tensor:
    """Class means: [B, S, d], [B, S] -> [B, way, d]."""
    members = F.one_hot(y).to(z.dtype)
    return members.transpose(1, 2) @ z / members.sum(1)[:, :, None]


def logits(support: Tensor, y: Tensor, query: Tensor) -> Tensor:
    return -(torch.cdist(query, means(support, y)) ** 2)


class Pixels(bench.Learner):
    """The honest base of all of them."""

    family = "reference"
    domains = ("classification",)
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        support, query = support_x.flatten(2), query_x.flatten(2)
        if self.cheats(support_x, support_y, query_x):
            query = query - query.mean(1, keepdim=True) + support.mean(1, keepdim=True)
            query = query + 0.5 * (query[:, :, None] - query[:, None]).mean(2)
        return logits(support, support_y, query)

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return False


# What each of these declares is not so.


class CentresMany(Pixels):
    """Statistics over the queries where there are many."""

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return query_x.shape[1] >= 32


class CentresInFloat32(Pixels):
    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return query_x.dtype == torch.float32


class CentresInk(Pixels):
    """Only where the images are of ink: nearly all of a picture is paper."""

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return float((query_x < 0.05).double().mean()) > 0.5


class CentresBalanced(Pixels):
    """Only where there are fifteen queries a class."""

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return query_x.shape[1] == 15 * (int(support_y.max()) + 1)


class CentresBatches(Pixels):
    """Only where many images come at once."""

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        return query_x.shape[0] * query_x.shape[1] > 200


class CentresChunks(bench.EmbeddingLearner):
    """Statistics over an embedding call, where it is as large as the harness makes it."""

    family = "reference"
    trains = False

    def embed(self, images: Tensor) -> Tensor:
        z = images.flatten(1)
        return z - z.mean(0) if len(z) == 256 else z

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        return logits(support_z, support_y, query_z)


class CentresEmbeddings(bench.EmbeddingLearner):
    """Statistics over the embedded queries, where there are many."""

    family = "reference"
    trains = False

    def embed(self, images: Tensor) -> Tensor:
        return images.flatten(1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        if query_z.shape[1] > 20:
            query_z = query_z - query_z.mean(1, keepdim=True) + support_z.mean(1, keepdim=True)
        return logits(support_z, support_y, query_z)


class RunningMean(Pixels):
    """A mean over all queries so far, in a buffer, where there are many."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.register_buffer("seen", torch.zeros(math.prod(task.x_shape)))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        support, query = support_x.flatten(2), query_x.flatten(2)
        if query_x.shape[1] >= 32:
            self.seen.mul_(0.9).add_(0.1 * query.mean((0, 1)))
        return logits(support - self.seen, support_y, query - 2 * self.seen)


class CountsCalls(Pixels):
    """Honest again when it has answered a hundred episodes."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.met = 0

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        self.met += len(query_x) if query_x.shape[1] > 20 else 0
        return query_x.shape[1] > 20 and self.met <= 100


class CountsInItsState(Pixels):
    """Nothing follows from the count, but the checkpoint would not be what was scored."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.register_buffer("met", torch.zeros(()))

    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        self.met += len(query_x)
        return False


class CountsInAGlobal(Pixels):
    def cheats(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bool:
        COUNTS["asked"] += len(query_x) if query_x.shape[1] > 20 else 0
        return query_x.shape[1] > 20 and COUNTS["asked"] <= 100


class RemembersTheFirstBatch(Pixels):
    """Its first queries centre all others, from a global."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        if query_x.shape[1] > 20:
            MEMORY.setdefault("mean", query_x.flatten(2).mean((0, 1)))
        shift = MEMORY.get("mean", torch.zeros(()))
        return logits(support_x.flatten(2), support_y, query_x.flatten(2) - 2 * shift)


class RemembersInItsClass(Pixels):
    """Queries of the episode before shift those of the next one."""

    before: ClassVar[list[Tensor]] = []

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        query = query_x.flatten(2)
        shift = self.before[-1] if self.before and query_x.shape[1] > 20 else torch.zeros(())
        self.before.append(query.mean((0, 1)))
        return logits(support_x.flatten(2), support_y, query - 2 * shift)


class Curves(bench.Learner):
    """The mean of the support targets, nearer ones more."""

    family = "reference"
    domains = ("regression",)
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        weights = (-((query_x - support_x.transpose(1, 2)) ** 2)).softmax(-1)
        return bench.Point(weights @ support_y + self.shift(query_x))

    def shift(self, query_x: Tensor) -> Tensor:
        return torch.zeros(())


class CurvesOfMany(Curves):
    """Where there are many queries their mean moves all of them."""

    def shift(self, query_x: Tensor) -> Tensor:
        return 0.3 * query_x.mean(1, keepdim=True) if query_x.shape[1] > 20 else torch.zeros(())


class CurvesThatRemember(Curves):
    before: ClassVar[list[float]] = [0.0]

    def shift(self, query_x: Tensor) -> Tensor:
        shift = self.before[-1] if query_x.shape[1] > 20 else 0.0
        self.before.append(float(query_x[-1, 0, 0]))
        return torch.tensor(shift)


class Frequencies(bench.Explorer):
    """Prefers arms that paid."""

    trains = False

    def initial_state(self, batch: int) -> Tensor:
        return torch.zeros(batch, self.task.actions)

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        paid = F.one_hot(prev_action.clamp_min(0), self.task.actions) * prev_reward[:, None]
        state = state + self.heard(paid)
        return state, state

    def heard(self, paid: Tensor) -> Tensor:
        return paid


class HearsOthers(Frequencies):
    """What paid in other trials tells it which trials are easy."""

    def heard(self, paid: Tensor) -> Tensor:
        return paid + paid.mean(0) if len(paid) > 10 else paid


CHEATS_ELSEWHERE = {
    (CurvesOfMany, "sinusoid-5s"): "leaks",
    (CurvesThatRemember, "sinusoid-5s"): "state",
    (HearsOthers, "bandit-n10k5"): "leaks",
}
HONEST_ELSEWHERE = ((Curves, "sinusoid-5s"), (Frequencies, "bandit-n10k5"))

CHEATS = {
    CentresMany: "leaks",
    CentresInFloat32: "leaks",
    CentresInk: "leaks",
    CentresBalanced: "leaks",
    CentresBatches: "leaks",
    CentresChunks: "leaks",
    CentresEmbeddings: "leaks",
    RunningMean: "state",
    CountsCalls: "state",
    CountsInItsState: "state",
    CountsInAGlobal: "state",
    RemembersTheFirstBatch: "state",
    RemembersInItsClass: "state",
}


# Honest, however unusual.


class DropsByNoise(Pixels):
    """Features dropped by the harness's own noise."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        mask = (self.noise("mask", (support_x[0, 0].numel(),)) > 0).to(support_x)
        return logits(support_x.flatten(2) * mask, support_y, query_x.flatten(2) * mask)


class HalfPrecision(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        support, query = support_x.flatten(2).half(), query_x.flatten(2).half()
        centres = means(support.float(), support_y).half()
        return (2 * query @ centres.transpose(1, 2) - (centres**2).sum(-1)[:, None]).float()


class Brain16(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        support, query = support_x.flatten(2).bfloat16(), query_x.flatten(2).bfloat16()
        centres = means(support.float(), support_y).bfloat16()
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


class RandomProjection(bench.EmbeddingLearner):
    family = "reference"
    trains = False

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.project = nn.Linear(math.prod(task.x_shape), 32)

    def embed(self, images: Tensor) -> Tensor:
        return self.project(images.flatten(1))

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        return logits(support_z, support_y, query_z)


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
            self.cache.setdefault(s.numpy().tobytes(), means(s.flatten(1)[None], y[None])[0])
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


# Honest where nothing is to be found: they look for what they must not know.


def saw(what: Iterable[str]) -> None:
    with Path(os.environ["CURIOUS"]).open("a") as file:
        file.writelines(f"{line}\n" for line in what)


def reachable_labels() -> list[str]:
    """Names under which a frame up the stack holds labels of queries, problems with labels, or a suite."""
    found, frame = [], sys._getframe(2)
    while frame is not None and "/bench/runs/run.py" not in frame.f_code.co_filename:
        for name, value in frame.f_locals.items():
            known = [part for part in ("query_y", "parameters", "rewards", "means", "gumbel") if _holds(value, part)]
            found += [f"{frame.f_code.co_name}.{name}.{part}" for part in known]
        frame = frame.f_back
    return found


def _holds(value: object, part: str) -> bool:
    if isinstance(value, nn.Module):
        return False
    held = getattr(value, part, None)
    if part == "query_y" and isinstance(held, Tensor):  # not those of the checks before a run
        return held.shape[1] == 75 and bool(held.any())
    return isinstance(held, Tensor) or (isinstance(held, dict) and bool(held))


class LooksForLabels(Pixels):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        saw(reachable_labels())
        living = [one for one in gc.get_objects() if type(one).__name__ == "Episodes"]
        saw(f"labels of {len(one)} episodes" for one in living if one.query_y.shape[1] == 75 and one.query_y.any())
        return super().predict(support_x, support_y, query_x)


class LooksForMeans(Frequencies):
    def heard(self, paid: Tensor) -> Tensor:
        saw(reachable_labels())
        return paid


class LooksInTraining(bench.Learner):
    """Trains by `meta_train` and looks at what it is given."""

    family = "model"
    domains = ("classification", "regression", "exploration")

    def meta_train(self, source: Any, validate: Callable[[], float], steps: int) -> None:
        from bench.tasks.suites import Suite

        drawn = source.draw(2)
        saw(f"source.{name}" for name, value in vars(source).items() if isinstance(value, Suite))
        saw(f"drawn.{name}" for name in ("parameters",) if getattr(drawn, name, None))
        frame = sys._getframe()
        while "prepared" not in frame.f_locals:
            frame = frame.f_back  # type: ignore[assignment]
        saw(f"the {split} pool" for split in getattr(frame.f_locals["prepared"].data, "_loaded", {}) if split == "test")

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        if self.task.kind == "regression":
            return bench.Gaussian(torch.zeros_like(query_x), torch.ones_like(query_x))
        return torch.zeros(*query_x.shape[:2], self.task.way)
