"""Tiny learners of the run tests, copied beside a recipes.yaml of the test's own."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench


def pause() -> None:
    """Make a training long enough to be killed; not an option, so that it is no part of a run's key."""
    time.sleep(float(os.environ.get("TINY_PAUSE", "0")))


class Dropped(bench.EmbeddingLearner):
    """Nearest class mean under a linear map, with dropout in training."""

    family = "metric"

    @dataclass
    class Options:
        width: int = 8
        dropout: float = 0.3

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)
        self.linear = nn.Linear(math.prod(task.x_shape), options.width)

    def embed(self, images: Tensor) -> Tensor:
        if self.training:
            pause()
        return self.linear(F.dropout(images.flatten(1), self.options.dropout, self.training))

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        members = F.one_hot(support_y).to(support_z.dtype)
        means = members.transpose(1, 2) @ support_z / members.sum(1)[:, :, None]
        return -((query_z[:, :, None] - means[:, None]) ** 2).sum(-1)


class Latent(bench.Learner):
    """A latent-variable regression: samples in training, fixed noise in prediction."""

    family = "model"

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        super().__init__(task, options)
        self.encode = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 8))
        self.decode = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 2))

    def answer(self, support_x: Tensor, support_y: Tensor, query_x: Tensor, noise: Tensor) -> bench.GaussianMixture:
        mean, raw = self.encode(torch.cat([support_x, support_y], -1)).mean(1).chunk(2, -1)
        z = mean + F.softplus(raw) * noise  # [S, B, 4]
        z = z[:, :, None].expand(-1, -1, query_x.shape[1], -1)
        out = self.decode(torch.cat([z, query_x.expand(len(z), -1, -1, -1)], -1))
        return bench.GaussianMixture(out[..., :1], 0.1 + F.softplus(out[..., 1:]))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.GaussianMixture:
        return self.answer(support_x, support_y, query_x, self.noise("z", (3, 1, 4)))

    def loss(self, episodes: bench.Episodes) -> Tensor:
        pause()
        noise = torch.randn(1, len(episodes), 4)
        found = self.answer(episodes.support_x, episodes.support_y, episodes.query_x, noise)
        return F.gaussian_nll_loss(found.mean[0], episodes.query_y, found.std[0] ** 2)


class Rogue(bench.Learner):
    """Answers wrongly in as many ways as there are; in the first `bad` episodes it meets where that matters."""

    family = "reference"
    trains = False

    @dataclass
    class Options:
        mode: str = "well"
        bad: int = 0

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Answer:
        b, q = query_x.shape[:2]
        met = int(os.environ.get("ROGUE_MET", "0")) if q > 20 else self.options.bad  # outside: no state of its own
        first = torch.arange(met, met + b) < self.options.bad
        if q > 20:
            os.environ["ROGUE_MET"] = str(met + b)
        if self.task.kind == "classification":
            logits = torch.zeros(b, q, 5)
            logits[first] = math.nan
            return {"well": logits, "shape": logits[:, :, :-1], "type": "cat", "unnamed": {"mse": logits}}[
                self.options.mode
            ]
        if self.options.mode == "raises":
            raise RuntimeError("no more ideas")
        mean, std = torch.zeros(b, q, 1), torch.ones(b, q, 1)
        mean[first] = math.inf
        return {
            "well": bench.Gaussian(mean, std),
            "shape": bench.Gaussian(mean[:, 1:], std),
            "type": mean,
            "std": bench.Gaussian(mean, 0 * std),
            "point": bench.Point(mean),
            "bare": None,
        }[self.options.mode]


class Diverging(bench.Learner):
    """Its loss is not a number from the start."""

    family = "model"

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        super().__init__(task, options)
        self.scale = nn.Parameter(torch.ones(()))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        return bench.Gaussian(self.scale * query_x, torch.ones_like(query_x))

    def loss(self, episodes: bench.Episodes) -> Tensor:
        return self.scale * math.nan


class Picky(bench.Learner):
    """Wants nothing to do with functions."""

    family = "reference"

    @classmethod
    def skip(cls, task: bench.TaskSpec) -> str | None:
        return "does not do functions" if task.kind == "regression" else None


class Positional(bench.Learner):
    """A cheat that takes queries to come sorted by label."""

    family = "reference"
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> Tensor:
        way = int(support_y.max()) + 1
        labels = torch.arange(query_x.shape[1]) * way // query_x.shape[1]
        return F.one_hot(labels, way).float().expand(len(query_x), -1, -1)


class Interrupted(bench.Learner):
    """Ctrl-C comes in episode 40 of the evaluation, if TINY_INTERRUPT is set."""

    family = "reference"
    trains = False

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        if os.environ.get("TINY_INTERRUPT") == "ctrl-c":
            raise KeyboardInterrupt
        if os.environ.get("TINY_INTERRUPT") == "raise":
            raise RuntimeError("late trouble")
        return bench.Gaussian(torch.zeros_like(query_x), torch.ones_like(query_x))


class Own(bench.Learner):
    """Trains itself and validates three candidates, of which the second is the best."""

    family = "model"

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        super().__init__(task, options)
        self.offset = nn.Parameter(torch.zeros(()))

    def predict(self, support_x: Tensor, support_y: Tensor, query_x: Tensor) -> bench.Gaussian:
        mean = support_y.mean(1, keepdim=True) + self.offset
        return bench.Gaussian(mean.expand_as(query_x), torch.ones_like(query_x))

    def meta_train(self, source, validate, steps) -> None:
        source.episodes(2)
        for offset in (3.0, 0.0, 5.0):
            with torch.no_grad():
                self.offset.fill_(offset)
            validate()


class Walker(bench.Explorer):
    """A linear policy of counts and rewards, trained by REINFORCE; stopped before step 18 if TINY_INTERRUPT is set."""

    def __init__(self, task: bench.TaskSpec, options: bench.Learner.Options) -> None:
        super().__init__(task, options)
        self.head = nn.Linear(2 * task.actions, task.actions)
        self.steps = 0

    def initial_state(self, batch: int) -> Tensor:
        return self.head.weight.new_zeros(batch, 2, self.task.actions)

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[Tensor, Tensor]:
        taken = F.one_hot(prev_action + 1, self.task.actions + 1)[:, 1:].to(state.dtype)
        state = state + torch.stack([taken, taken * prev_reward[:, None]], 1)
        return self.head(state.flatten(1)), state

    def train_step(self, environments: bench.Environments) -> Tensor:
        self.steps += 1
        if os.environ.get("TINY_INTERRUPT") == "training" and self.steps == 18:
            raise KeyboardInterrupt
        n, obs = environments.n, environments.reset()
        action, reward, done = torch.full((n,), -1), torch.zeros(n), torch.zeros(n, dtype=torch.bool)
        state, chosen, total = self.initial_state(n), torch.zeros(n), torch.zeros(n)
        for _ in range(environments.steps):
            logits, state = self.act(state, obs, action, reward, done)
            policy = torch.distributions.Categorical(logits=logits)
            action = policy.sample()
            chosen = chosen + policy.log_prob(action)
            obs, reward, done = environments.step(action)
            total = total + reward
        loss = -(chosen * (total - total.mean())).mean()
        loss.backward()
        return loss


class Lost(bench.Explorer):
    """Acts wrongly in as many ways as there are; in the first `bad` trials it meets where that matters."""

    family = "reference"
    trains = False

    @dataclass
    class Options:
        mode: str = "nan"
        bad: int = 0

    def __init__(self, task: bench.TaskSpec, options: Options) -> None:
        super().__init__(task, options)

    def initial_state(self, batch: int) -> Tensor:
        met = int(os.environ.get("ROGUE_MET", "0")) if batch > 3 else self.options.bad  # else it is being checked
        if batch > 3:
            os.environ["ROGUE_MET"] = str(met + batch)
        return torch.arange(met, met + batch) < self.options.bad

    def act(
        self, state: Tensor, obs: Tensor, prev_action: Tensor, prev_reward: Tensor, done: Tensor
    ) -> tuple[bench.Answer, Tensor]:
        logits = torch.zeros(len(obs), self.task.actions, dtype=obs.dtype)
        logits[state & (prev_action >= 0)] = math.nan
        return {"nan": logits, "shape": logits[:, 1:], "type": "left"}[self.options.mode], state
