"""An explorer in its frozen trials: act, draw, observe, and one row of scores a trial."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.domains.exploration.environments import BanditEnvironments, Trials
from bench.domains.exploration.script import Script
from bench.domains.sources import Columns
from bench.learners.explorer import Explorer, check_logits

Seen = tuple[Tensor, Tensor, Tensor, Tensor]  # what `act` is told: obs, prev_action, prev_reward, done


@dataclass(frozen=True)
class Played:
    """What happened in B trials of T steps.

    actions : int64 [B, T]; rewards : float64 [B, T]; finite : bool [B], whether all logits of the trial were
    script, logits : what the policy saw at every step, and its answers [B, T, A]
    trials : that were played
    """

    actions: Tensor
    rewards: Tensor
    finite: Tensor
    script: Script
    logits: Tensor
    trials: Trials


World = Generator["Seen | Played", Tensor, None]


def play(learner: Explorer, trials: Trials) -> Played:
    """Let the learner act in every trial to its end: action = argmax(logits + Gumbel noise of the trial and step).

    A trial whose logits are not finite goes on with uniform ones. Raises PredictionError for logits of a wrong type or
    shape.
    """
    return act_in(learner, world_of(trials), len(trials))


def act_in(learner: Explorer, world: World, n: int) -> Played:
    """The policy's side of `play`: neither what generated the trials nor their luck is at hand here."""
    played = None
    seen, state = next(world), learner.initial_state(n)
    while played is None:
        assert isinstance(seen, tuple)
        logits, state = learner.act(state, *seen)
        seen = world.send(logits)
        played = seen if isinstance(seen, Played) else None
    return played


def world_of(trials: Trials) -> World:
    """The other side: takes logits, gives what they lead to, and in the end all that happened."""
    environments, n = trials.environments, len(trials)
    device = environments.device
    action, reward = torch.full((n,), -1, device=device), torch.zeros(n, device=device)
    done, finite = torch.zeros(n, dtype=torch.bool, device=device), torch.ones(n, dtype=torch.bool, device=device)
    seen: Seen = (environments.reset(), action, reward, done)
    seens, answers, actions, rewards = [], [], [], []
    for time in range(environments.steps):
        logits = yield seen
        check_logits(logits, n, environments.actions)
        well = torch.isfinite(logits).all(1)
        finite = finite & well
        action = (torch.where(well[:, None], logits, 0).double() + trials.gumbel[:, time]).argmax(1)
        seens.append(seen)
        obs, reward, done = environments.step(action)
        seen = (obs, action, reward, done)
        answers.append(logits)
        actions.append(action)
        rewards.append(reward)
    obs, before, reward_before, ended = (torch.stack(parts, 1) for parts in zip(*seens, strict=True))
    script = Script(obs, before, reward_before, ended, environments.actions)
    yield Played(
        torch.stack(actions, 1), torch.stack(rewards, 1).double(), finite, script, torch.stack(answers, 1), trials
    )


def lost_by_pull(played: Played, bandits: BanditEnvironments) -> Tensor:
    """Expected reward that each pull gave away, max_a p_a - p_chosen: float64 [B, T]."""
    means = bandits.parameters["means"]
    return means.amax(1, keepdim=True) - means.gather(1, played.actions)


def by_inner_episode(played: Played, horizon: int) -> Tensor:
    """Total reward of each inner episode of `horizon` steps: float64 [B, inner episodes]."""
    return played.rewards.view(len(played.rewards), -1, horizon).sum(2)


def score_trials(played: Played) -> Columns:
    """Score B played trials: a mapping of columns [B], "score" being the total reward.

    Bandits add the expected regret, the sum over pulls of max_a p_a - p_chosen; MDPs the reward of the first and the
    last inner episode. A trial with logits that are not finite scores what uniformly random actions are worth in it (in
    expectation, by dynamic programming) and is marked in "floored".
    """
    world, finite = played.trials.environments, played.finite
    value = world.uniform_value()
    columns = {"score": torch.where(finite, played.rewards.sum(1), value)}
    if isinstance(world, BanditEnvironments):
        best = world.parameters["means"].amax(1)
        regret = lost_by_pull(played, world).sum(1)
        columns["regret"] = torch.where(finite, regret, world.steps * best - value)
    else:
        episodes = by_inner_episode(played, world.horizon)
        per_episode = value / episodes.shape[1]  # all alike: a random policy does not learn
        for number in sorted({1, episodes.shape[1]}):
            columns[f"reward@episode{number}"] = torch.where(finite, episodes[:, number - 1], per_episode)
    return {"floored": (~finite).cpu().numpy()} | {name: value.cpu().numpy() for name, value in columns.items()}
