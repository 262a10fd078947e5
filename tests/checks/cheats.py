"""Learners with one fault each, all of which declare themselves inductive, and honest ones."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines.maml import MAML
from baselines.protonet import class_means, squared_distance
from baselines.relnet import RelationNet


class Honest(bench.Learner):
    """Nearest class mean under a linear map with batch norm."""

    family = "metric"
    label_equivariant = True

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.linear = nn.Linear(math.prod(task.x_shape), 16)
        self.norm = nn.BatchNorm1d(16)

    def features(self, images: Tensor) -> Tensor:  # [B, N, C, H, W] -> [B, N, 16]
        flat = self.linear(images.flatten(0, 1).flatten(1))
        return self.norm(flat).view(*images.shape[:2], -1)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        support, query = self.features(support_x), self.features(query_x)
        return -squared_distance(query, class_means(support, support_y))


class StaysInTrainingMode(Honest):
    """Batch norm with the statistics of whatever it is given."""

    def train(self, mode: bool = True) -> StaysInTrainingMode:
        return super().train(True)

    def features(self, images: Tensor) -> Tensor:
        flat = self.linear(images.flatten(0, 1).flatten(1))
        return F.batch_norm(flat, None, None, training=self.training).view(*images.shape[:2], -1)


class RaisesForOneQuery(Honest):
    """As torch's batch norm in training mode, which refuses statistics over one value."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        if query_x.shape[1] == 1:
            raise ValueError("Expected more than 1 value per channel when training")
        return super().predict(support_x, support_y, query_x)


class CentresQueries(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        support, query = self.features(support_x), self.features(query_x)
        return -squared_distance(query - query.mean(1, keepdim=True), class_means(support, support_y))


class CentresQueriesIfMany(Honest):
    """Looks honest to whoever asks one query at a time, or compares orders."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        support, query = self.features(support_x), self.features(query_x)
        many = query_x.shape[1] == 7
        return -squared_distance(query - many * query.mean(1, keepdim=True), class_means(support, support_y))


class AssumesSortedQueries(Honest):
    """The label of a query is where it stands."""

    trains = False
    label_equivariant = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        way, n = int(support_y.max()) + 1, query_x.shape[1]
        return F.one_hot(torch.arange(n) * way // n, way).to(query_x.dtype).expand(len(query_x), -1, -1)


class CentresTheBatch(Honest):
    """Support features centred over all episodes of the batch."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        means = class_means(self.features(support_x), support_y)
        return -squared_distance(self.features(query_x), means - means.mean(0, keepdim=True))


class ReadsFirstSupport(Honest):
    """A forgotten index: every episode is classified by the first one's support."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        return super().predict(support_x[:1].expand_as(support_x), support_y, query_x)


class CarriesState(Honest):
    """The last episode's support moves the next one's answer."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.memory: float | Tensor = 0.0

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        support, query = self.features(support_x), self.features(query_x)
        shift, self.memory = self.memory, support.mean((0, 1)).detach()
        return -squared_distance(query, class_means(support, support_y) + shift)


class WritesInputs(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        return super().predict(support_x.sub_(0.5), support_y, query_x.sub_(0.5))


class Random(Honest):
    """Samples at prediction time from the global generator."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        logits = super().predict(support_x, support_y, query_x)
        assert isinstance(logits, Tensor)
        return logits + torch.rand_like(logits)


class ForgetsState(Honest):
    """A projection that no checkpoint holds."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.projection = torch.randn(16, 16)

    def features(self, images: Tensor) -> Tensor:
        return super().features(images) @ self.projection.to(images)


class AssumesSortedSupport(Honest):
    """Takes the support to come grouped by label and never reads the labels."""

    label_equivariant = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        return super().predict(support_x, support_y.sort(dim=1).values, query_x)


class FixedHead(Honest):
    """Declares what does not hold: its labels have biases."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        logits = super().predict(support_x, support_y, query_x)
        assert isinstance(logits, Tensor)
        return logits + torch.arange(logits.shape[-1])


class NotFinite(Honest):
    trains = False
    label_equivariant = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        logits = super().predict(support_x, support_y, query_x)
        assert isinstance(logits, Tensor)
        return logits.index_fill(2, torch.tensor([0]), math.inf)


class CannotTrain(Honest):
    """Its loss does not reach its weights."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        with torch.no_grad():
            return super().predict(support_x, support_y, query_x)


class ForgetsBackward(Honest):
    def train_step(self, episodes: Any) -> Tensor:
        return self.loss(episodes)


class OptimisesOthers(Honest):
    """Its optimizer holds weights that are not its own."""

    def configure_optimizer(self, steps: int) -> torch.optim.Optimizer:
        return torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.1)


class ClimbsItsLoss(Honest):
    """A sign is wrong."""

    def train_step(self, episodes: Any) -> Tensor:
        loss = self.loss(episodes)
        (-loss).backward()  # type: ignore[no-untyped-call]
        return loss


class StandsStill(Honest):
    """Returns another number than the one it follows."""

    def train_step(self, episodes: Any) -> Tensor:
        return super().train_step(episodes) * 0 + 1


class WrongShape(Honest):
    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        logits = super().predict(support_x, support_y, query_x)
        assert isinstance(logits, Tensor)
        return logits[..., :-1]


class OtherPredict(bench.EmbeddingLearner):
    """Scores come from `classify`, but whoever calls `predict` gets something else."""

    family = "metric"
    trains = False

    def embed(self, images: Tensor) -> Tensor:
        return images.flatten(1)

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        return -squared_distance(query_z, class_means(support_z, support_y))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        return super().predict(support_x + 0.3 * torch.flip(support_x, (1,)), support_y, query_x)


class Float32Only(Honest):
    def features(self, images: Tensor) -> Tensor:
        if images.dtype != torch.float32:
            raise RuntimeError("expected float32")
        return super().features(images)


class RoundsToFloat32(Honest):
    """Takes float64 and answers in it, with arithmetic in float32 between."""

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        logits = super().predict(support_x, support_y, query_x)
        assert isinstance(logits, Tensor)
        return logits.float().to(query_x.dtype)


class Float32Leak(Float32Only, CentresQueries):
    pass


class DeclaredTransductive(Honest):
    transductive = True


class InductiveRelationNet(RelationNet):
    """relnet as published, declared inductive: use with norm=batch."""

    transductive = False


class InductiveMAML(MAML):
    """maml as published, declared inductive: use with norm=batch."""

    transductive = False

    def query_output(self, weights: dict[str, Tensor], x: Tensor, query: Tensor) -> Tensor:
        if self.convolutional and self.options.norm == "batch":
            return self.net.run(weights, query, len(query))
        return super().query_output(weights, x, query)


class HonestExplorer(bench.Explorer):
    """A linear policy of what every action has brought so far."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.head = nn.Linear(task.actions, task.actions)

    def initial_state(self, batch: int) -> Any:
        return self.head.weight.new_zeros(batch, self.task.actions)

    def act(
        self, state: Any, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Any]:
        taken = F.one_hot(prev_action + 1, self.task.actions + 1)[:, 1:].to(state.dtype)
        state = state + taken * prev_reward[:, None]
        return self.head(state), state

    def train_step(self, environments: bench.Environments) -> Tensor:
        logits, _ = self.act(
            self.initial_state(environments.n),
            environments.reset(),
            torch.full((environments.n,), -1),
            torch.zeros(environments.n),
            torch.zeros(environments.n, dtype=torch.bool),
        )
        _, reward, _ = environments.step(logits.argmax(1))
        loss = -(logits.log_softmax(1).amax(1) * reward).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss


class ActsUntrained(HonestExplorer):
    def train_step(self, environments: bench.Environments) -> Tensor:
        return torch.zeros(())


class HonestTable(HonestExplorer):
    """Acts by a table that its constructor computes, and that no checkpoint needs."""

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.register_buffer("table", torch.linspace(0, 1, task.actions), persistent=False)

    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        logits, state = super().act(state, *seen)
        return logits + self.get_buffer("table"), state


class WatchesOtherTrials(HonestExplorer):
    """Learns from what all trials of the batch have brought."""

    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        logits, state = super().act(state, *seen)
        return logits + state.mean(0), state


class ActsAsInTheFirstTrial(HonestExplorer):
    """A forgotten index."""

    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        logits, state = super().act(state, *seen)
        return logits[:1].expand_as(logits), state


class RemembersTheLastTrial(HonestExplorer):
    """Begins a trial with what it knew at the end of the one before."""

    memory: Tensor | float = 0.0

    def initial_state(self, batch: int) -> Any:
        return super().initial_state(batch) + self.memory

    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        logits, state = super().act(state, *seen)
        self.memory = state.mean(0).detach()
        return logits, state


class SamplesByItself(HonestExplorer):
    """Draws its action from the global generator instead of leaving that to the harness."""

    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        logits, state = super().act(state, *seen)
        if self.training:
            return logits, state
        drawn = F.one_hot(torch.multinomial(logits.softmax(1), 1)[:, 0], self.task.actions)
        return logits + 1e3 * drawn, state


class ScalesRewards(HonestExplorer):
    """Writes to the rewards it is handed."""

    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        seen[2].mul_(0.5)
        return super().act(state, *seen)


class OneActionTooMany(HonestExplorer):
    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        logits, state = super().act(state, *seen)
        return F.pad(logits, (0, 1)), state


class RulesItselfOut(HonestExplorer):
    """Minus infinity for an action it does not want."""

    def act(self, state: Any, *seen: Tensor) -> tuple[Tensor, Any]:
        logits, state = super().act(state, *seen)
        return logits.masked_fill(logits == logits.amin(1, keepdim=True), -math.inf), state
