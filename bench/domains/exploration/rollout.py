"""An explorer in its frozen trials: act, draw, observe, and one row of scores a trial."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.domains.exploration.environments import BanditEnvironments, Trials
from bench.domains.sources import Columns
from bench.learners.explorer import Explorer, check_logits


@dataclass(frozen=True)
class Played:
    """What happened in B trials of T steps.

    actions : int64 [B, T]; rewards : float64 [B, T]; finite : bool [B], whether all logits of the trial were
    """

    actions: Tensor
    rewards: Tensor
    finite: Tensor


def play(learner: Explorer, trials: Trials) -> Played:
    """Let the learner act in every trial to its end: action = argmax(logits + Gumbel noise of the trial and step).

    A trial whose logits are not finite goes on with uniform ones. Raises PredictionError for logits of a wrong type or
    shape.
    """
    environments, n = trials.environments, len(trials)
    device = environments.device
    obs = environments.reset()
    action = torch.full((n,), -1, device=device)
    reward = torch.zeros(n, device=device)
    done = torch.zeros(n, dtype=torch.bool, device=device)
    finite = torch.ones(n, dtype=torch.bool, device=device)
    state = learner.initial_state(n)
    actions, rewards = [], []
    for time in range(environments.steps):
        logits, state = learner.act(state, obs, action, reward, done)
        check_logits(logits, n, environments.actions)
        well = torch.isfinite(logits).all(1)
        finite = finite & well
        action = (torch.where(well[:, None], logits, 0).double() + trials.gumbel[:, time]).argmax(1)
        obs, reward, done = environments.step(action)
        actions.append(action)
        rewards.append(reward)
    return Played(torch.stack(actions, 1), torch.stack(rewards, 1).double(), finite)


def lost_by_pull(played: Played, bandits: BanditEnvironments) -> Tensor:
    """Expected reward that each pull gave away, max_a p_a - p_chosen: float64 [B, T]."""
    means = bandits.parameters["means"]
    return means.amax(1, keepdim=True) - means.gather(1, played.actions)


def by_inner_episode(played: Played, horizon: int) -> Tensor:
    """Total reward of each inner episode of `horizon` steps: float64 [B, inner episodes]."""
    return played.rewards.view(len(played.rewards), -1, horizon).sum(2)


def score_trials(learner: Explorer, trials: Trials) -> Columns:
    """Play B trials: a mapping of columns [B], "score" being the total reward.

    Bandits add the expected regret, the sum over pulls of max_a p_a - p_chosen; MDPs the reward of the first and the
    last inner episode. A trial with logits that are not finite scores what uniformly random actions are worth in it (in
    expectation, by dynamic programming) and is marked in "floored".
    """
    played = play(learner, trials)
    world, finite = trials.environments, played.finite
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
