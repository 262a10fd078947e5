"""Explorers: what holds for each of them, the reference policies by hand, RL^2 against exact gradients."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import bench
from baselines.rl2 import RL2, discounted_steps, gae
from bench.domains.exploration.environments import Environments
from bench.domains.exploration.script import generated
from bench.learners.contract import unfit
from bench.learners.registry import all_learners, find_learner, load
from bench.resources import repository
from tests.baselines.material import SPECS, make
from tests.baselines.test_gittins import two_armed_value

CPU = torch.device("cpu")
ACTING = [
    (name, task)
    for name, info in sorted(all_learners().items())
    for task in ("bandit", "mdp")
    if info.origin.startswith("baselines/") and unfit(load(find_learner(name)), SPECS[task]) is None
]
TRAINED = [(name, task) for name, task in ACTING if load(find_learner(name)).trains]


def played(task: str, b: int = 4, first: int = 0) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """What `act` is told at each step of b trials with random actions: obs, prev_action, prev_reward, done."""
    environments, generator = generated(SPECS[task], first, b, CPU), torch.Generator().manual_seed(first)
    action = torch.full((b,), -1)
    seen = (environments.reset(), torch.zeros(b), torch.zeros(b, dtype=torch.bool))
    told = []
    for _ in range(environments.steps):
        told.append((seen[0], action, seen[1], seen[2]))
        action = torch.randint(environments.actions, (b,), generator=generator)
        seen = environments.step(action)
    return told


def replay(learner: Any, told: list[tuple[Tensor, Tensor, Tensor, Tensor]]) -> Tensor:
    """Logits [T, B, A] at each step of played trials."""
    state, found = learner.initial_state(len(told[0][0])), []
    with torch.no_grad():
        for obs, action, reward, done in told:
            logits, state = learner.act(state, obs.double(), action, reward.double(), done)
            found.append(logits)
    return torch.stack(found)


@pytest.mark.parametrize("name, task", ACTING)
def test_logits_are_finite_repeatable_and_leave_no_trace(name: str, task: str) -> None:
    learner, told = make(name, task), played(task)
    copies = [[tensor.clone() for tensor in step] for step in told]
    kept = {key: value.clone() for key, value in learner.state_dict().items()}
    first = replay(learner, told)
    assert first.shape == (8, 4, 3) and torch.isfinite(first).all()
    replay(learner, played(task, first=100))
    torch.manual_seed(99)
    assert torch.equal(first, replay(learner, told))
    assert all(
        torch.equal(a, b) for step, copy in zip(told, copies, strict=True) for a, b in zip(step, copy, strict=True)
    )
    assert all(torch.equal(value, kept[key]) for key, value in learner.state_dict().items())


@pytest.mark.parametrize("name, task", ACTING)
def test_a_trial_does_not_depend_on_the_rest_of_its_batch(name: str, task: str) -> None:
    learner, told = make(name, task), played(task)
    alone = replay(learner, [tuple(tensor[2:3] for tensor in step) for step in told])  # type: ignore[misc]
    torch.testing.assert_close(alone[:, 0], replay(learner, told)[:, 2], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name, task", TRAINED)
def test_a_training_step_reaches_every_parameter(name: str, task: str) -> None:
    learner = make(name, task).train()
    loss = learner.train_step(generated(SPECS[task], 0, 6, CPU))
    assert loss.ndim == 0 and torch.isfinite(loss)
    for parameter_name, parameter in learner.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), parameter_name
        assert float(parameter.grad.abs().sum()) > 0, parameter_name


# -- reference policies ---------------------------------------------------------------------------------------------


def chances(name: str, successes: list[int], failures: list[int], **options: Any) -> list[float]:
    learner = load(find_learner(name))
    sizes: dict[str, Any] = {"actions": len(successes), "steps": 40, "horizon": 1}
    spec = bench.ExplorationSpec("bandit", **sizes)
    policy: Any = learner(spec, learner.Options(**options))
    logits = policy.logits(torch.tensor([successes]), torch.tensor([failures]))
    return [float(p) for p in logits.double().softmax(1)[0]]


def test_greedy_by_hand() -> None:
    assert chances("greedy", [1, 0, 0], [0, 1, 0]) == pytest.approx([1, 0, 0])  # 2/3, 1/3, 1/2
    assert chances("greedy", [0, 0, 0], [1, 0, 0]) == pytest.approx([0, 0.5, 0.5])
    assert chances("greedy", [1, 3, 0], [1, 3, 1]) == pytest.approx([0.5, 0.5, 0])  # equal means, different counts


def test_eps_greedy_by_hand() -> None:
    assert chances("eps_greedy", [1, 0, 0], [0, 1, 0], epsilon=0.3) == pytest.approx([0.8, 0.1, 0.1])
    assert chances("eps_greedy", [0, 0, 0], [1, 0, 0], epsilon=0.3) == pytest.approx([0.1, 0.45, 0.45])
    with pytest.raises(bench.UsageError, match="epsilon=0"):
        chances("eps_greedy", [0, 0], [0, 0], epsilon=0.0)


def test_ties_to_the_first_arm() -> None:
    assert chances("greedy", [0, 0, 0], [1, 0, 0], ties="first") == pytest.approx([0, 1, 0])
    assert chances("greedy", [1, 3, 0], [1, 3, 0], ties="first") == pytest.approx([1, 0, 0])
    assert chances("greedy", [0, 2, 2], [0, 0, 0], ties="first") == pytest.approx([0, 1, 0])
    assert chances("eps_greedy", [0, 0, 0], [1, 0, 0], epsilon=0.3, ties="first") == pytest.approx([0.1, 0.8, 0.1])


def test_ucb1_as_auer_et_al_have_it_by_hand() -> None:
    plain = {"prior": False, "exploration": 1.0}
    assert chances("ucb1", [9, 0, 0], [0, 1, 0], **plain) == pytest.approx([0, 0, 1]), "each arm once"
    assert chances("ucb1", [0, 0, 0], [0, 0, 0], **plain) == pytest.approx([1 / 3] * 3)
    # n = 12: .9 + sqrt(2 ln 12 / 10) = 1.60 against .5 + sqrt(2 ln 12 / 2) = 2.08; a fifth of the radius turns it round
    assert chances("ucb1", [9, 1], [1, 1], **plain) == pytest.approx([0, 1])
    assert chances("ucb1", [9, 1], [1, 1], prior=False, exploration=0.2) == pytest.approx([1, 0])


def test_ucb1_with_a_prior_by_hand() -> None:
    assert chances("ucb1", [0, 0, 0], [0, 0, 0]) == pytest.approx([1 / 3] * 3), "ties are broken at random"
    # one win: 2/3 + .2 sqrt(2 ln 7 / 3) = .894 against 1/2 + .2 sqrt(2 ln 7 / 2) = .779, though two arms are untried
    assert chances("ucb1", [1, 0, 0], [0, 0, 0], exploration=0.2) == pytest.approx([1, 0, 0])
    # constant 1: 1.806 against 1.895
    assert chances("ucb1", [1, 0, 0], [0, 0, 0], exploration=1.0) == pytest.approx([0, 0.5, 0.5])
    # a win and a loss, n = 8: 1/2 + .2 sqrt(2 ln 8 / 4) = .704 against 1/2 + .2 sqrt(2 ln 8 / 2) = .788
    assert chances("ucb1", [1, 0, 0], [1, 0, 0], exploration=0.2) == pytest.approx([0, 0.5, 0.5])


def test_ucb1_with_a_prior_against_a_loop_over_a_short_trial() -> None:
    """Every position that five pulls of three arms can lead to, the bound written out arm by arm."""
    for counts in product(range(3), repeat=6):
        if sum(counts) > 5:
            continue
        won, lost = counts[:3], counts[3:]
        n = sum(counts) + 6
        bounds = [
            (s + 1) / (s + f + 2) + 0.2 * math.sqrt(2 * math.log(n) / (s + f + 2))
            for s, f in zip(won, lost, strict=True)
        ]
        best = [math.isclose(bound, max(bounds), rel_tol=1e-12) for bound in bounds]
        expected = [b / sum(best) for b in best]
        assert chances("ucb1", list(won), list(lost)) == pytest.approx(expected), counts


@pytest.mark.parametrize("optimistic", [False, True])
def test_thompson_matches_sampling(optimistic: bool) -> None:
    successes, failures = [3, 1, 0, 12], [2, 0, 0, 9]
    a, b = np.array(successes) + 1, np.array(failures) + 1
    draws = np.random.default_rng(0).beta(a, b, (200_000, 4))
    if optimistic:
        draws = np.maximum(draws, a / (a + b))
    expected = np.bincount(draws.argmax(1), minlength=4) / len(draws)
    np.testing.assert_allclose(chances("thompson", successes, failures, optimistic=optimistic), expected, atol=5e-3)


def test_thompson_is_symmetric_and_sharp_after_many_pulls() -> None:
    assert chances("thompson", [0] * 5, [0] * 5) == pytest.approx([0.2] * 5, rel=1e-5)
    assert chances("thompson", [20, 0], [0, 20]) == pytest.approx([1, 0], abs=1e-6)


@pytest.mark.parametrize("name", ["greedy", "eps_greedy", "ucb1", "thompson", "gittins"])
def test_counts_follow_the_rewards(name: str) -> None:
    learner, told = make(name, "bandit"), played("bandit")
    state = learner.initial_state(4)
    for step in told:
        _, state = learner.act(state, *step)
    successes, failures = (np.zeros((4, 3), dtype=int) for _ in range(2))
    for _, action, reward, _ in told[1:]:
        for trial in range(4):
            (successes if reward[trial] else failures)[trial, action[trial]] += 1
    assert state[0].tolist() == successes.tolist() and state[1].tolist() == failures.tolist()


@pytest.mark.slow
def test_the_constants_are_those_that_the_simulated_trials_choose() -> None:
    """As documented; fewer trials, which still tell all but neighbours on the grid apart."""
    script = repository() / "docs" / "reproduction" / "bandit_constants.py"
    run = subprocess.run([sys.executable, str(script), "--trials", "4000"], capture_output=True, text=True, check=True)
    lines = [line for line in run.stdout.splitlines()[1:] if not line.startswith("best")]
    played = {line[:40].strip(): float(line.split()[-1]) for line in lines}
    options: Any = load(find_learner("ucb1")).Options()
    chosen = f"ucb1 prior={options.prior} exploration={options.exploration}"
    assert played[chosen] > max(r for name, r in played.items() if name.startswith("ucb1")) - 0.001
    assert played["greedy ties=random"] > played["greedy ties=first"]
    smaller, larger = (played[f"eps_greedy ties=random epsilon={epsilon}"] for epsilon in (0.02, 0.05))
    assert played["greedy ties=random"] > smaller > larger, "no epsilon earns more than a smaller one"


# -- RL^2 -----------------------------------------------------------------------------------------------------------


class TwoArms(Environments):
    """The same two arms in every trial, means .3 and .8, two pulls: all its histories can be enumerated."""

    MEANS = (0.3, 0.8)
    horizon = 1

    def __init__(self, n: int) -> None:
        self.n, self.steps, self.actions, self.device = n, 2, 2, CPU
        self.generator = torch.Generator().manual_seed(0)

    def reset(self) -> Tensor:
        return torch.zeros(self.n, 1)

    def step(self, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        reward = torch.rand(self.n, generator=self.generator) < torch.tensor(self.MEANS)[actions]
        return torch.zeros(self.n, 1), reward.float(), torch.ones(self.n, dtype=torch.bool)

    def _begin(self) -> Tensor:
        raise NotImplementedError

    def _move(self, actions: Tensor, time: int) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def uniform_value(self) -> Tensor:
        raise NotImplementedError


def small_rl2(**options: Any) -> RL2:
    torch.manual_seed(0)
    spec = bench.ExplorationSpec("bandit", actions=2, steps=2)
    learner = RL2(spec, RL2.Options(hidden=4, temperature=1.0, **options))
    torch.nn.init.normal_(learner.policy.weight)  # away from the uniform start
    return learner


def exact_return(learner: RL2) -> Tensor:
    """Expected total reward in TwoArms, summed over all actions and rewards of the two pulls."""
    no, zero, one = torch.tensor([False]), torch.zeros(1), torch.zeros(1, 1)
    logits, state = learner.act(learner.initial_state(1), one, torch.tensor([-1]), zero, no)
    total = torch.zeros(())
    for a, r in product((0, 1), (0, 1)):
        p = TwoArms.MEANS[a] if r else 1 - TwoArms.MEANS[a]
        second, _ = learner.act(state, one, torch.tensor([a]), torch.tensor([float(r)]), ~no)
        later = second.softmax(1)[0] @ torch.tensor(TwoArms.MEANS)
        total = total + logits.softmax(1)[0, a] * p * (r + later)
    return total


def test_the_policy_gradient_is_the_enumerated_one() -> None:
    """With lambda 1 it is unbiased; normalised advantages leave its direction. Two hundred thousand trials."""
    learner = small_rl2(gae_lambda=1.0, entropy=0.0, value_weight=0.0)
    policy = [p for name, p in learner.named_parameters() if not name.startswith("value")]
    exact = torch.cat([g.flatten() for g in torch.autograd.grad(exact_return(learner), policy)])
    learner.train_step(TwoArms(200_000))
    found = -torch.cat([p.grad.flatten() for p in policy if p.grad is not None])
    assert float(torch.cosine_similarity(exact, found, dim=0)) > 0.995


def test_the_entropy_bonus_is_annealed_to_zero() -> None:
    learner = small_rl2(entropy=0.2)
    assert learner.entropy_weight() == pytest.approx(0.2), "unknown length: constant"
    learner.configure_optimizer(4)
    weights = []
    for _ in range(4):
        weights.append(learner.entropy_weight())
        learner.train_step(TwoArms(3))
    assert weights == pytest.approx([0.2, 0.15, 0.1, 0.05])
    assert learner.entropy_weight() == pytest.approx(0.0)


def test_generalised_advantages_against_their_definition() -> None:
    generator = torch.Generator().manual_seed(0)
    rewards, values = torch.rand(2, 7, 3, generator=generator, dtype=torch.float64)
    discount, decay = 0.9, 0.7
    found = gae(rewards, values, discount, decay)
    for t, b in product(range(7), range(3)):
        total = 0.0
        for later in range(t, 7):
            ahead = float(values[later + 1, b]) if later < 6 else 0.0
            error = float(rewards[later, b]) + discount * ahead - float(values[later, b])
            total += (discount * decay) ** (later - t) * error
        assert float(found[t, b]) == pytest.approx(total, rel=1e-12)


def test_discounted_steps() -> None:
    assert discounted_steps(3, 1.0).tolist() == [3, 2, 1]
    assert discounted_steps(3, 0.5).tolist() == pytest.approx([1.75, 1.5, 1])


def test_rl2_learns_to_explore_two_arms() -> None:
    """Five pulls: within 3 % of Bayes-optimal play, which no policy without memory comes near (half of the pulls)."""
    torch.manual_seed(0)
    spec = bench.ExplorationSpec("bandit", actions=2, steps=5)
    learner = RL2(spec, RL2.Options(hidden=16))
    learner.configure_optimizer(300)
    optimizer = torch.optim.Adam(learner.parameters(), lr=1e-2)
    for step in range(300):
        optimizer.zero_grad()
        learner.train_step(generated(spec, 1000 + 256 * step, 256, CPU))
        optimizer.step()
    with torch.no_grad():
        for parameter in learner.policy.parameters():
            parameter.mul_(100)  # as good as deterministic: what is left of chance is the arms'
        *_, rewards = learner.rollout(generated(spec, 10**7, 20_000, CPU))
    reached = float(rewards.sum(0).mean())
    noise = 3 * float(rewards.sum(0).std()) / math.sqrt(20_000)
    best = two_armed_value(5, None)
    assert 0.97 * best < reached < best + noise
