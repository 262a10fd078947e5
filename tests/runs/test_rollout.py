"""Explorers in their frozen trials: what they are told, what they are paid, and the same luck for all of them."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from bench.domains.exploration.environments import Trials
from bench.domains.exploration.rollout import play
from bench.runs.evaluation import evaluate
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.tasks.registry import find_suite
from tests.runs.conftest import Workshop
from tests.runs.tiny import Walker

SUITES = ("bandit-n10k5", "mdp-n10")


class Scripted(bench.Explorer):
    """Always the same action, or uniformly random ones; remembers what it was told."""

    trains = False

    def __init__(self, task: bench.TaskSpec, action: int | None) -> None:
        super().__init__(task, bench.Learner.Options())
        self.action = action
        self.told: list[tuple[Tensor, ...]] = []

    def initial_state(self, batch: int) -> Tensor:
        return torch.zeros(batch)

    def act(self, state: Tensor, *told: Tensor) -> tuple[Tensor, Tensor]:
        assert not torch.is_grad_enabled() and not self.training
        self.told.append((state, *told))
        logits = torch.zeros(len(state), self.task.actions)
        if self.action is not None:
            logits[:, self.action] = 1e6
        return logits, state + 1


class Best(Scripted):
    """Told the means by the test: always the best arm."""

    means: Tensor

    def act(self, state: Tensor, *told: Tensor) -> tuple[Tensor, Tensor]:
        return 1e6 * F.one_hot(self.means.argmax(1), self.task.actions), state


def material(name: str) -> PreparedSuite:
    return prepare(find_suite(name), torch.device("cpu"))


def scores(learner: bench.Learner, suite: str, n: int = 120, **how: Any) -> pd.DataFrame:
    found = material(suite)
    return evaluate(learner, found.evaluation("test"), n, **{"batch": 50} | how)


def trials(suite: str, n: int) -> Trials:
    return next(material(suite).evaluation("test").trials(n, n))


@pytest.mark.parametrize(("suite", "expected"), [("bandit-n10k5", 5.0), ("bandit-n10k10", 5.0), ("mdp-n10", 100.0)])
def test_uniformly_random_actions_earn_what_they_must(suite: str, expected: float) -> None:
    """n / 2 on bandits, where the paper's Table 1 has 5.0; one a step on MDPs, where it has 100.1."""
    found = scores(Scripted(material(suite).spec, None), suite, 1_000, batch=500)["score"]
    assert abs(found.mean() - expected) < 4 * found.std() / math.sqrt(len(found))


@pytest.mark.parametrize("suite", SUITES)
def test_a_policy_is_told_its_past_and_nothing_else(suite: str) -> None:
    spec = material(suite).spec
    spy = Scripted(spec, None)
    scores(spy, suite, 30, batch=30)
    assert len(spy.told) == spec.steps
    worlds = trials(suite, 30).environments
    obs = worlds.reset()
    action, reward, done = torch.full((30,), -1), torch.zeros(30), torch.zeros(30, dtype=torch.bool)
    for time, told in enumerate(spy.told):
        assert len(told) == 5 and (told[0] == time).all()
        for expected, found in zip((obs, action, reward, done), told[1:], strict=True):
            assert torch.equal(expected, found)
        action = told[2] if time + 1 == spec.steps else spy.told[time + 1][2]
        obs, reward, done = worlds.step(action.clamp_min(0))


@pytest.mark.parametrize("suite", SUITES)
def test_a_batch_changes_no_score_and_trials_keep_their_order(suite: str) -> None:
    torch.manual_seed(0)
    learner = Walker(material(suite).spec, Walker.Options())
    whole = scores(learner, suite, 18, batch=18)
    assert whole["episode"].tolist() == list(range(18))
    for batch in (1, 7):
        pd.testing.assert_frame_equal(scores(learner, suite, 18, batch=batch), whole)
    later = scores(learner, suite, 6, batch=4, first=12).reset_index(drop=True)
    pd.testing.assert_frame_equal(later, whole[12:].reset_index(drop=True))


def test_two_policies_meet_the_same_luck() -> None:
    """Always arm 0 and always arm 0 but for the last pull: nine of ten rewards are the same."""
    spec = material("bandit-n10k5").spec

    class LastOther(Scripted):
        def act(self, state: Tensor, *told: Tensor) -> tuple[Tensor, Tensor]:
            action = (state == 9).long()
            return 1e6 * F.one_hot(action, self.task.actions), state + 1

    with torch.no_grad():
        one, other = (play(it.eval(), trials("bandit-n10k5", 200)) for it in (Scripted(spec, 0), LastOther(spec, 0)))
    assert torch.equal(one.rewards[:, :9], other.rewards[:, :9])
    assert not torch.equal(one.rewards[:, 9], other.rewards[:, 9])
    table = material("bandit-n10k5").evaluation("test").stream.block(0, 200).rewards  # type: ignore[union-attr]
    assert np.array_equal(one.rewards.numpy(), table[:, 0])


def test_equal_logits_draw_the_same_actions_for_every_policy() -> None:
    spec = material("mdp-n10").spec
    with torch.no_grad():
        a, b = (play(Scripted(spec, None).eval(), trials("mdp-n10", 20)) for _ in range(2))
    assert torch.equal(a.actions, b.actions)
    assert torch.equal(a.actions, trials("mdp-n10", 20).gumbel.argmax(2))
    assert (torch.bincount(a.actions.flatten()) > 300).all()


def test_regret_is_what_the_best_arm_would_have_added() -> None:
    n, spec = 100, material("bandit-n10k5").spec
    means = trials("bandit-n10k5", n).environments.parameters["means"]
    best = Best(spec, None)
    best.means = means
    assert (scores(best, "bandit-n10k5", n, batch=n)["regret"] == 0).all()
    first = scores(Scripted(spec, 0), "bandit-n10k5", n)
    np.testing.assert_allclose(first["regret"], 10 * (means.amax(1) - means[:, 0]), atol=1e-12)


def test_inner_episodes_add_up() -> None:
    spec = material("mdp-n10").spec
    found = scores(Scripted(spec, 2), "mdp-n10", 40)
    with torch.no_grad():
        rewards = play(Scripted(spec, 2).eval(), trials("mdp-n10", 40)).rewards
    np.testing.assert_allclose(found["score"], rewards.sum(1))
    np.testing.assert_allclose(found["reward@episode1"], rewards[:, :10].sum(1))
    np.testing.assert_allclose(found["reward@episode10"], rewards[:, 90:].sum(1))


@pytest.mark.parametrize("suite", SUITES)
def test_a_trial_that_is_not_finite_scores_what_random_actions_are_worth(workshop: Workshop, suite: str) -> None:
    outcome = workshop.run("Lost", suite, overrides={"bad": "3"})
    assert outcome.record.status == "ok", outcome.record.reason
    found, worlds = workshop.scores(outcome), trials(suite, 3).environments
    assert found["floored"].tolist() == [True] * 3 + [False] * 97
    np.testing.assert_allclose(found["score"][:3], worlds.uniform_value())
    if suite == "mdp-n10":
        np.testing.assert_allclose(found["reward@episode10"][:3], worlds.uniform_value() / 10)
    else:
        best = worlds.parameters["means"].amax(1)
        np.testing.assert_allclose(found["regret"][:3], 10 * best - worlds.uniform_value())
    assert outcome.record.metrics[0].floored == 3
    many = workshop.run("Lost", suite, overrides={"bad": "6"})
    assert many.record.status == "failed" and "6.0%" in str(many.record.reason)


@pytest.mark.parametrize(
    ("mode", "reason"), [("shape", r"logits of shape \[\d+, 5\], found \[\d+, 4\]"), ("type", "found str")]
)
def test_wrong_logits_fail_the_run_with_the_reason(workshop: Workshop, mode: str, reason: str) -> None:
    record = workshop.run("Lost", "bandit-n10k5", overrides={"mode": mode}).record
    assert record.status == "failed"
    assert re.search(reason, str(record.reason))


def test_a_record_says_what_was_measured(workshop: Workshop) -> None:
    workshop.recipe("Walker", steps=40, batch=32, optimizer={"lr": 0.05})
    record = workshop.run("Walker", "mdp-n10", episodes=60).record
    assert record.status == "ok" and record.suite.kind == "exploration" and record.algorithm.family == "exploration"
    units = {metric.name: (metric.unit, metric.higher_is_better) for metric in record.metrics}
    assert units == {
        "reward": ("reward per trial", True),
        "reward@episode1": ("reward per inner episode", True),
        "reward@episode10": ("reward per inner episode", True),
    }
    assert record.timing.eval_episodes_per_s and record.timing.measured is None
    assert record.size is not None and record.size.parameters == 55 and record.size.flops_per_episode == 100 * 100
    assert record.protocol.train_way is None and record.protocol.train_shot is None
    regret = workshop.run("Walker", "bandit-n10k5", episodes=60).record.metrics[1]
    assert (regret.name, regret.unit, regret.higher_is_better) == ("regret", "reward per trial", False)


def test_training_learns_and_validates_on_trials_of_its_own(workshop: Workshop) -> None:
    """A policy that can only add up rewards beats chance after 100 steps of REINFORCE."""
    workshop.recipe("Walker", steps=100, batch=64, optimizer={"lr": 0.05})
    outcome = workshop.run("Walker", "bandit-n10k5", budget="full", episodes=1_000)
    record = outcome.record
    assert record.validation is not None and record.validation.metric == "reward" and record.validation.n == 200
    assert record.metrics[0].mean > 5.5 and record.timing.train_episodes_per_s


def test_interrupted_and_continued_equals_never_stopped(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.recipe("Walker", steps=40, batch=8, optimizer={"lr": 0.05})
    settings: dict[str, Any] = {"budget": "full", "episodes": 50}
    monkeypatch.setenv("TINY_INTERRUPT", "training")
    with pytest.raises(KeyboardInterrupt):
        workshop.run("Walker", "bandit-n10k5", **settings)
    monkeypatch.delenv("TINY_INTERRUPT")
    continued = workshop.run("Walker", "bandit-n10k5", **settings).record
    assert "continuing at 16" in workshop.said.getvalue()
    whole = workshop.run("Walker", "bandit-n10k5", runs="whole", **settings).record
    assert continued.scores == whole.scores and continued.checkpoint == whole.checkpoint
    assert continued.validation == whole.validation


def test_whoever_predicts_is_not_asked_to_act_nor_the_other_way_about(workshop: Workshop) -> None:
    for algo, suite, reason in (
        ("protonet", "bandit-n10k5", "does classification only"),
        ("Walker", "sinusoid-5s", "does exploration only; the suite asks for regression"),
    ):
        record = workshop.run(algo, suite).record
        assert record.status == "skipped" and reason in str(record.reason)
