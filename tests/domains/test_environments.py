"""Vectorised environments against one environment at a time in plain Python, and against dynamic programming."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from bench.domains.exploration.environments import Environments, MDPEnvironments, environments, frozen_trials
from bench.domains.exploration.task import BanditTask, MDPTask
from bench.domains.exploration.trials import BanditTrials, MDPTrials, TrialStream, trial_stream
from bench.domains.exploration.worlds import TrialSource
from bench.tasks.registry import find_suite
from tests.streams import frozen_episodes, training_source

CPU = torch.device("cpu")
BANDIT = trial_stream(("tests", "bandit"), BanditTask(kind="bandit", arms=4, pulls=12))
MDP = trial_stream(("tests", "mdp"), MDPTask(kind="mdp", states=5, actions=3, horizon=4, episodes=3))
STREAMS = {"bandit": BANDIT, "mdp": MDP}


def some_actions(stream: TrialStream, n: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(stream.task.actions, (n, stream.task.steps), generator=generator)


def played(worlds: Environments, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Observations [B, T + 1, x], rewards [B, T] and done [B, T]."""
    seen, rewards, ends = [worlds.reset()], [], []
    for time in range(worlds.steps):
        obs, reward, done = worlds.step(actions[:, time])
        seen.append(obs)
        rewards.append(reward)
        ends.append(done)
    return torch.stack(seen, 1), torch.stack(rewards, 1), torch.stack(ends, 1)


def by_hand(stream: TrialStream, i: int, actions: list[int]) -> tuple[list[float], list[int], list[bool]]:
    """Rewards, states after each step and ends of inner episodes of trial i, one step at a time."""
    block, task = stream.block(i, 1), stream.task
    rewards, states, ends = [], [], []
    if isinstance(block, BanditTrials):
        pulls = [0] * task.actions
        for action in actions:
            rewards.append(float(block.rewards[0, action, pulls[action]]))
            pulls[action] += 1
        return rewards, [0] * len(actions), [True] * len(actions)
    assert isinstance(block, MDPTrials) and isinstance(task, MDPTask)
    state = 0
    for time, action in enumerate(actions):
        rewards.append(block.means[0, state, action] + block.noise[0, time])
        total, following = 0.0, 0
        for candidate, probability in enumerate(block.transitions[0, state, action]):
            total += probability
            if block.moves[0, time] < total:
                following = candidate
                break
        ended = (time + 1) % task.horizon == 0
        state = 0 if ended else following
        states.append(state)
        ends.append(ended)
    return rewards, states, ends


@pytest.mark.parametrize("name", STREAMS)
def test_vectorised_is_one_at_a_time(name: str) -> None:
    stream, n = STREAMS[name], 30
    actions = some_actions(stream, n)
    seen, rewards, ends = played(environments(stream, 100, n, CPU), actions)
    for i in range(n):
        expected, states, done = by_hand(stream, 100 + i, actions[i].tolist())
        torch.testing.assert_close(rewards[i], torch.tensor(expected, dtype=torch.float32))
        assert ends[i].tolist() == done
        if name == "mdp":
            assert seen[i].argmax(1).tolist() == [0, *states] and (seen[i].sum(1) == 1).all()
        else:
            assert seen.shape == (n, 13, 1) and (seen == 0).all()


@pytest.mark.parametrize("name", STREAMS)
def test_slices_and_batches_change_nothing(name: str) -> None:
    stream = STREAMS[name]
    actions = some_actions(stream, 9)
    whole = played(environments(stream, 0, 9, CPU), actions)
    for first, n in ((0, 1), (3, 4), (8, 1)):
        part = played(environments(stream, first, n, CPU), actions[first : first + n])
        for expected, found in zip(whole, part, strict=True):
            assert torch.equal(expected[first : first + n], found)


def test_the_kth_pull_of_an_arm_pays_the_same_whenever_it_comes() -> None:
    worlds = environments(BANDIT, 0, 50, CPU)
    in_turn = torch.arange(12).remainder(4).expand(50, -1)  # arms 0 1 2 3 0 1 2 3 ...
    in_blocks = torch.arange(12).div(3, rounding_mode="floor").expand(50, -1)  # 0 0 0 1 1 1 ...
    rewards = [played(worlds, actions)[1] for actions in (in_turn, in_blocks)]
    assert torch.equal(rewards[0].view(50, 3, 4).transpose(1, 2).flatten(1), rewards[1])


def test_the_same_state_and_action_at_the_same_time_meet_the_same_luck() -> None:
    worlds = environments(MDP, 0, 200, CPU)
    late, early = torch.zeros(200, 12, dtype=torch.int64), torch.zeros(200, 12, dtype=torch.int64)
    early[:, :4] = 1  # the first inner episode differs, the others start anew from state 0
    (seen, rewards, _), (other_seen, other_rewards, _) = (played(worlds, actions) for actions in (late, early))
    assert not torch.equal(rewards[:, :4], other_rewards[:, :4])
    assert torch.equal(rewards[:, 4:], other_rewards[:, 4:]) and torch.equal(seen[:, 4:], other_seen[:, 4:])


def test_reset_begins_the_same_trials_and_none_goes_on_for_ever() -> None:
    for stream in STREAMS.values():
        worlds, actions = environments(stream, 0, 3, CPU), some_actions(stream, 3)
        with pytest.raises(RuntimeError, match="reset"):
            worlds.step(actions[:, 0])
        first, again = played(worlds, actions), played(worlds, actions)
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
        with pytest.raises(RuntimeError, match="the trial has 12 steps"):
            worlds.step(actions[:, 0])


def test_a_known_policy_earns_what_dynamic_programming_says() -> None:
    """One MDP, its luck drawn 4,000 times: the mean of simulated rewards is the policy's value within 4 SE."""
    block, n = MDP.block(0, 1), 4_000
    luck = MDP.block(1, n)
    assert isinstance(block, MDPTrials) and isinstance(luck, MDPTrials)
    transitions, means = block.transitions[0], block.means[0]
    generator = np.random.default_rng(0)
    policy = generator.dirichlet(np.ones(3), 5)  # [S, A]
    value = np.zeros(5)
    for _ in range(4):  # backward induction, state by state
        value = np.array(
            [sum(policy[s, a] * (means[s, a] + transitions[s, a] @ value) for a in range(3)) for s in range(5)]
        )
    same = MDPTrials(0, np.tile(transitions, (n, 1, 1, 1)), np.tile(means, (n, 1, 1)), luck.moves, luck.noise)
    assert isinstance(MDP.task, MDPTask)
    worlds = MDPEnvironments(same, MDP.task, CPU)
    obs, totals, sampling = worlds.reset(), torch.zeros(n), torch.Generator().manual_seed(0)
    for _ in range(worlds.steps):
        chances = torch.from_numpy(policy)[obs.argmax(1)]
        obs, reward, _ = worlds.step(torch.multinomial(chances, 1, generator=sampling)[:, 0])
        totals += reward
    error = float(totals.std()) / math.sqrt(n)
    assert abs(float(totals.mean()) - 3 * value[0]) < 4 * error


@pytest.mark.parametrize("name", STREAMS)
def test_uniform_value_is_what_random_actions_earn(name: str) -> None:
    stream, n = STREAMS[name], 3_000
    worlds = environments(stream, 0, n, CPU)
    _, rewards, _ = played(worlds, some_actions(stream, n))
    gap = rewards.sum(1).double() - worlds.uniform_value()
    assert abs(float(gap.mean())) < 4 * float(gap.std()) / math.sqrt(n)
    assert float(worlds.uniform_value().std()) > 0.5, "a value of its own for each trial"


@pytest.mark.parametrize(("name", "expected"), [("bandit-n10k5", 5.0), ("mdp-n10", 100.0)])
def test_random_actions_earn_the_mean_of_the_suite(name: str, expected: float) -> None:
    """n / 2 on bandits; one a step on MDPs, whose mean rewards are Normal(1, 1)."""
    n, frozen = 2_000, frozen_episodes(find_suite(name))
    values = next(frozen.trials(n, n)).environments.uniform_value()
    assert abs(float(values.mean()) - expected) < 4 * float(values.std()) / math.sqrt(n)


def test_frozen_trials_come_in_order_with_their_own_noise() -> None:
    frozen = frozen_episodes(find_suite("mdp-n10"))
    parts = list(frozen.trials(7, 3, first=5))
    assert [(part.first, len(part)) for part in parts] == [(5, 3), (8, 3), (11, 1)]
    whole = next(frozen.trials(7, 7, first=5))
    assert torch.equal(torch.cat([part.gumbel for part in parts]), whole.gumbel)
    for name, value in whole.environments.parameters.items():
        assert torch.equal(torch.cat([part.environments.parameters[name] for part in parts]), value)


def test_training_tasks_are_new_each_time_and_found_again_by_their_counter() -> None:
    def drawn(source: TrialSource, times: int) -> list[Tensor]:
        return [source.environments(4)._worlds.parameters["means"] for _ in range(times)]

    suite = find_suite("bandit-n10k5")
    source = training_source(suite, 0)
    means = drawn(source, 3)
    assert len(torch.unique(torch.cat(means))) == 3 * 4 * 5
    resumed = training_source(suite, 0)
    resumed.counters = {"environments:4": 2}
    assert torch.equal(drawn(resumed, 1)[0], means[2])
    assert not torch.equal(drawn(training_source(suite, 1), 1)[0], means[0])
    test = next(frozen_episodes(suite).trials(4, 4))
    assert not torch.equal(test.environments.parameters["means"], means[0])


def test_what_a_suite_does_not_have_is_refused() -> None:
    with pytest.raises(AttributeError, match="mdp-n10 draws no 'episodes'; its source has draw, environments"):
        training_source(find_suite("mdp-n10"), 0).episodes(2)
    with pytest.raises(AttributeError, match="sinusoid-5s draws no 'environments'; its source has draw, episodes"):
        training_source(find_suite("sinusoid-5s"), 0).environments(2)


def test_frozen_trials_of_a_stream_are_those_of_its_blocks() -> None:
    trials = frozen_trials(BANDIT, 3, 2, CPU)
    block = BANDIT.block(3, 2)
    assert torch.equal(trials.environments.parameters["means"], torch.from_numpy(block.means))
    assert trials.gumbel.shape == (2, 12, 4) and trials.gumbel.dtype == torch.float64
