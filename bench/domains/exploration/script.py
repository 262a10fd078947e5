"""What explorers are asked in the checks: trials that were played before, by chance, to be acted upon step by step.

An explorer's answers then are logits [B, T, A] that can be compared, which freely chosen actions could not.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.domains.exploration.environments import Environments, environments
from bench.domains.exploration.task import BanditTask, ExplorationSpec, MDPTask
from bench.domains.exploration.trials import trial_stream
from bench.learners.contract import Learner
from bench.learners.explorer import Explorer, check_logits
from bench.philox import below, words


@dataclass(frozen=True)
class Script:
    """B played trials of T steps: obs [B, T, x], prev_action [B, T], prev_reward [B, T], done [B, T]."""

    obs: Tensor
    prev_action: Tensor
    prev_reward: Tensor
    done: Tensor
    actions: int


def generated(spec: ExplorationSpec, first: int, n: int, device: torch.device) -> Environments:
    """Generated environments first .. first + n - 1 of a task."""
    task = (
        BanditTask(kind="bandit", arms=spec.actions, pulls=spec.steps)
        if spec.environment == "bandit"
        else MDPTask(
            kind="mdp",
            states=spec.states,
            actions=spec.actions,
            horizon=spec.horizon,
            episodes=spec.steps // spec.horizon,
        )
    )
    return environments(trial_stream(("checks", spec.environment), task), first, n, device)


def script(spec: ExplorationSpec, first: int, n: int) -> Script:
    """Trials first .. first + n - 1 of a task, played with uniformly random actions, on the CPU in float32."""
    worlds = generated(spec, first, n, torch.device("cpu"))
    drawn = below(words(("checks", "actions", spec.environment), first, n, spec.steps), spec.actions)
    actions = torch.from_numpy(drawn)
    nothing = torch.full((n,), -1), torch.zeros(n), torch.zeros(n, dtype=torch.bool)
    steps = [(worlds.reset(), *nothing)]
    for time in range(spec.steps - 1):
        obs, reward, done = worlds.step(actions[:, time])
        steps.append((obs, actions[:, time], reward, done))
    obs, taken, rewards, ends = (torch.stack(parts, 1) for parts in zip(*steps, strict=True))
    return Script(obs, taken, rewards, ends, spec.actions)


def act_out(learner: Learner, part: Script) -> Tensor:
    """The learner's logits at every step of the script, [B, T, A], for the very tensors of `part`."""
    assert isinstance(learner, Explorer)
    state, answers = learner.initial_state(len(part.obs)), []
    for time in range(part.obs.shape[1]):
        logits, state = learner.act(
            state, part.obs[:, time], part.prev_action[:, time], part.prev_reward[:, time], part.done[:, time]
        )
        check_logits(logits, len(part.obs), part.actions)
        answers.append(logits)
    return torch.stack(answers, 1)
