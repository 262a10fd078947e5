"""Trials of exploration as arrays made from Philox words: the problem and all the luck that any policy can meet.

Rewards of a bandit are a table [arm, number of the pull of that arm], transitions and reward noise of an MDP are keyed
by time, and so is the noise that turns logits into an action. Whatever a policy does, it meets the luck that every
other policy meets, so that differences between policies are paired.

Bandits are exact arithmetic on words. Dirichlet rows, normal rewards and Gumbel noise pass through logarithms and agree
between machines to the last bits: manifests hash words and parameters, as for functions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.domains.exploration.task import BanditTask, ExplorationTask, MDPTask
from bench.philox import Stream, inside, uniform, words

Floats = npt.NDArray[np.float64]
_ACTIONS = "actions"  # stream of the action noise, apart from the problems: training samples its actions itself


@dataclass(frozen=True)
class BanditTrials:
    """n bandits. means: [n, arms] success probabilities; rewards: [n, arms, pulls], 0 or 1, by pull of that arm."""

    first: int
    means: Floats
    rewards: Floats


@dataclass(frozen=True)
class MDPTrials:
    """n MDPs of S states and A actions, and their luck at each of T steps.

    transitions : [n, S, A, S], probabilities; means: [n, S, A], mean rewards
    moves : [n, T] uniform on [0, 1): the next state is the first whose cumulative probability exceeds it
    noise : [n, T] standard normal, added to the mean reward
    """

    first: int
    transitions: Floats
    means: Floats
    moves: Floats
    noise: Floats


@dataclass(frozen=True)
class BanditStream:
    """Random access to bandit trials."""

    stream: Stream
    task: BanditTask

    @property
    def width(self) -> int:
        """Words a trial consumes."""
        return self.task.arms * (1 + self.task.pulls)

    def block(self, first: int, n: int) -> BanditTrials:
        """Trials first .. first + n - 1."""
        arms, raw = self.task.arms, words(self.stream, first, n, self.width)
        means = uniform(raw[:, :arms])
        luck = uniform(raw[:, arms:]).reshape(n, arms, self.task.pulls)
        return BanditTrials(first, means, (luck < means[:, :, None]).astype(np.float64))


@dataclass(frozen=True)
class MDPStream:
    """Random access to MDP trials."""

    stream: Stream
    task: MDPTask

    @property
    def width(self) -> int:
        """Words a trial consumes."""
        pairs = self.task.states * self.task.actions
        return pairs * self.task.states + pairs + 2 * self.task.steps

    def block(self, first: int, n: int) -> MDPTrials:
        """Trials first .. first + n - 1."""
        from scipy.special import ndtri

        task, raw = self.task, words(self.stream, first, n, self.width)
        pairs = task.states * task.actions
        rows, means, moves, noise = np.split(
            raw, np.cumsum([pairs * task.states, pairs, task.steps]), axis=1
        )  # in this order
        exponential = -np.log(inside(rows)).reshape(n, task.states, task.actions, task.states)
        return MDPTrials(
            first,
            exponential / exponential.sum(-1, keepdims=True),  # normalised exponentials: a flat Dirichlet distribution
            1 + ndtri(inside(means)).reshape(n, task.states, task.actions),
            uniform(moves),
            ndtri(inside(noise)),
        )


TrialStream = BanditStream | MDPStream


def trial_stream(name: Stream, task: ExplorationTask) -> TrialStream:
    """Random access to the trials of a task."""
    return BanditStream(name, task) if isinstance(task, BanditTask) else MDPStream(name, task)


def gumbel_noise(stream: Stream, task: ExplorationTask, first: int, n: int) -> Floats:
    """Noise of the action samples, float64 [n, steps, actions].

    argmax(logits + noise) is a draw from softmax(logits) (Gumbel 1954).
    """
    shape = (n, task.steps, task.actions)
    raw = words((*stream, _ACTIONS), first, n, task.steps * task.actions)
    gumbel: Floats = -np.log(-np.log(inside(raw))).reshape(shape)
    return gumbel


def luck_words(stream: TrialStream, first: int, n: int) -> list[npt.NDArray[np.uint64]]:
    """Every word behind trials first .. first + n - 1: the problems and their luck, then the action noise."""
    actions = stream.task.steps * stream.task.actions
    return [words(stream.stream, first, n, stream.width), words((*stream.stream, _ACTIONS), first, n, actions)]
