"""Vectorised environments of exploration: B trials at once as tensors on a device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.domains.exploration.task import BanditTask, ExplorationTask, MDPTask
from bench.domains.exploration.trials import BanditTrials, MDPTrials, TrialStream, gumbel_noise

Step = tuple[Tensor, Tensor, Tensor]


class Environments(ABC):
    """B trials side by side; all of them take their steps together.

    n : B
    steps : interactions of one trial
    actions : number of actions A
    horizon : steps of one inner episode, 1 for bandits
    parameters : what generated each trial, for scores and tests; a policy in training has none to look at
    """

    horizon: int

    def __init__(self, n: int, task: ExplorationTask, device: torch.device) -> None:
        self.n, self.steps, self.actions, self.device = n, task.steps, task.actions, device
        self.parameters: dict[str, Tensor] = {}
        self._row = torch.arange(n, device=device)
        self._time = task.steps  # nothing before the first reset

    def reset(self) -> Tensor:
        """Begin the trials, the same ones as before: observations [B, x] float32."""
        self._time = 0
        return self._begin()

    def step(self, actions: Tensor) -> Step:
        """Take actions [B] int64 in 0..A-1.

        Returns observations [B, x] float32, rewards [B] float32 and done [B] bool: an inner episode has just ended, and
        the observation is the first of the next one. Raises RuntimeError after `steps` steps.
        """
        if self._time >= self.steps:
            raise RuntimeError(f"the trial has {self.steps} steps and is over: call reset()")
        self._time += 1
        observation, reward = self._move(actions, self._time - 1)
        ended = self._time % self.horizon == 0
        return observation, reward, torch.full((self.n,), ended, device=self.device)

    @abstractmethod
    def _begin(self) -> Tensor: ...

    @abstractmethod
    def _move(self, actions: Tensor, time: int) -> tuple[Tensor, Tensor]: ...

    @abstractmethod
    def uniform_value(self) -> Tensor:
        """Expected total reward of uniformly random actions in each trial, float64 [B]."""


class BanditEnvironments(Environments):
    """Bernoulli bandits: observations are zeros [B, 1], every pull is an inner episode of its own."""

    horizon = 1

    def __init__(self, trials: BanditTrials, task: BanditTask, device: torch.device) -> None:
        super().__init__(len(trials.means), task, device)
        self.parameters = {"means": torch.from_numpy(trials.means).to(device)}  # [B, arms]
        self._rewards = torch.from_numpy(trials.rewards.astype(np.float32)).to(device)  # [B, arms, pulls]

    def _begin(self) -> Tensor:
        self._pulls = torch.zeros(self.n, self.actions, dtype=torch.int64, device=self.device)
        return torch.zeros(self.n, 1, device=self.device)

    def _move(self, actions: Tensor, time: int) -> tuple[Tensor, Tensor]:
        reward = self._rewards[self._row, actions, self._pulls[self._row, actions]]
        self._pulls[self._row, actions] += 1
        return torch.zeros(self.n, 1, device=self.device), reward

    def uniform_value(self) -> Tensor:
        return self.steps * self.parameters["means"].mean(1)


class MDPEnvironments(Environments):
    """Tabular MDPs: observations are one-hot states [B, S]; inner episodes start in state 0."""

    def __init__(self, trials: MDPTrials, task: MDPTask, device: torch.device) -> None:
        super().__init__(len(trials.means), task, device)
        self.horizon, self.states = task.horizon, task.states
        self.parameters = {
            "transitions": torch.from_numpy(trials.transitions).to(device),  # [B, S, A, S]
            "means": torch.from_numpy(trials.means).to(device),  # [B, S, A]
        }
        cumulative = trials.transitions.cumsum(-1)[..., :-1]  # float64: no two machines round to another state
        self._thresholds = torch.from_numpy(cumulative).to(device)
        self._moves = torch.from_numpy(trials.moves).to(device)
        self._noise = torch.from_numpy(trials.noise).to(device)

    def _begin(self) -> Tensor:
        self._state = torch.zeros(self.n, dtype=torch.int64, device=self.device)
        return self._observed()

    def _move(self, actions: Tensor, time: int) -> tuple[Tensor, Tensor]:
        here = (self._row, self._state, actions)
        reward = self.parameters["means"][here] + self._noise[:, time]
        if (time + 1) % self.horizon == 0:
            self._state = torch.zeros_like(self._state)
        else:
            self._state = (self._moves[:, time, None] >= self._thresholds[here]).sum(-1)
        return self._observed(), reward.float()

    def _observed(self) -> Tensor:
        return torch.nn.functional.one_hot(self._state, self.states).float()

    def uniform_value(self) -> Tensor:
        reward = self.parameters["means"].mean(2)  # [B, S], of a random action
        onward = self.parameters["transitions"].mean(2)  # [B, S, S]
        value = torch.zeros_like(reward)
        for _ in range(self.horizon):  # backwards from the end of an inner episode
            value = reward + (onward @ value[:, :, None])[:, :, 0]
        return value[:, 0] * (self.steps // self.horizon)


class Unseen(Environments):
    """The same trials without what generated them, as a policy in training meets them."""

    def __init__(self, worlds: Environments) -> None:
        self.n, self.steps, self.actions, self.device = worlds.n, worlds.steps, worlds.actions, worlds.device
        self.horizon, self.parameters, self._worlds = worlds.horizon, {}, worlds

    def reset(self) -> Tensor:
        return self._worlds.reset()

    def step(self, actions: Tensor) -> Step:
        return self._worlds.step(actions)

    def _begin(self) -> Tensor:
        return self._worlds._begin()

    def _move(self, actions: Tensor, time: int) -> tuple[Tensor, Tensor]:
        return self._worlds._move(actions, time)

    def uniform_value(self) -> Tensor:
        return self._worlds.uniform_value()


def environments(stream: TrialStream, first: int, n: int, device: torch.device) -> Environments:
    """Trials first .. first + n - 1 of a stream, ready for `reset`."""
    task, block = stream.task, stream.block(first, n)
    if isinstance(task, BanditTask):
        assert isinstance(block, BanditTrials)
        return BanditEnvironments(block, task, device)
    assert isinstance(block, MDPTrials)
    return MDPEnvironments(block, task, device)


@dataclass(frozen=True)
class Trials:
    """Frozen trials first .. first + B - 1 with the noise of their actions, float64 [B, steps, actions]."""

    first: int
    environments: Environments
    gumbel: Tensor

    def __len__(self) -> int:
        return self.environments.n


def frozen_trials(stream: TrialStream, first: int, n: int, device: torch.device) -> Trials:
    noise = torch.from_numpy(gumbel_noise(stream.stream, stream.task, first, n)).to(device)
    return Trials(first, environments(stream, first, n, device), noise)
