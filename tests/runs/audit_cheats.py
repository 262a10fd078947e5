"""Cheats that an untrained learner on generated tasks does not betray: what each of them declares is not so."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import Tensor

import bench
from tests.runs.audit_bases import Curves, Embedded, Frequencies, Pixels, logits

COUNTS = {"asked": 0}
MEMORY: dict[str, Tensor] = {}


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


class CentresChunks(Embedded):
    """Statistics over an embedding call, where it is as large as the harness makes it."""

    def embed(self, images: Tensor) -> Tensor:
        z = images.flatten(1)
        return z - z.mean(0) if len(z) == 256 else z


class CentresEmbeddings(Embedded):
    """Statistics over the embedded queries, where there are many."""

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


class HearsOthers(Frequencies):
    """What paid in other trials tells it which trials are easy."""

    def heard(self, paid: Tensor) -> Tensor:
        return paid + paid.mean(0) if len(paid) > 10 else paid


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


CHEATS_ELSEWHERE = {
    (CurvesOfMany, "sinusoid-5s"): "leaks",
    (CurvesThatRemember, "sinusoid-5s"): "state",
    (HearsOthers, "bandit-n10k5"): "leaks",
}
