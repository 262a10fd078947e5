"""The battery for learners that act: each fault is caught by its own checks, honest ones pass, the rest is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import bench
from bench.checks import CHECKS, Result, examine, find_leak
from bench.domains import all_examples, find_domain
from bench.domains.exploration.script import generated, script
from bench.domains.tensors import tensors
from tests.checks import cheats

EXAMPLES = all_examples()

CPU = torch.device("cpu")
TASKS = ("bandit", "mdp")
FAULTS = {
    cheats.WatchesOtherTrials: "other_episodes_swapped batch_is_single",
    cheats.ActsAsInTheFirstTrial: "batch_is_single",
    cheats.RemembersTheLastTrial: "no_state_between_episodes",
    cheats.SamplesByItself: "determinism",
    cheats.ScalesRewards: "inputs_untouched",
    cheats.ActsUntrained: "training_steps",
    cheats.OneActionTooMany: "shapes_and_finiteness",
    cheats.RulesItselfOut: "shapes_and_finiteness",
}


def results(learner: type[bench.Learner], task: str) -> dict[str, Result]:
    return {result.check: result for result in examine(learner, learner.Options(), EXAMPLES[task], CHECKS)}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("cheat", "names"), FAULTS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_fails_its_own_checks_and_no_others(cheat: type[bench.Learner], names: str, task: str) -> None:
    failed = {name for name, result in results(cheat, task).items() if result.state == "failed"}
    assert failed == set(names.split())


@pytest.mark.parametrize("honest", [cheats.HonestExplorer, cheats.HonestTable])
@pytest.mark.parametrize("task", TASKS)
def test_an_honest_explorer_passes_and_what_makes_no_sense_is_skipped_with_a_reason(
    honest: type[bench.Learner], task: str
) -> None:
    found = results(honest, task)
    skipped = {name: result.detail for name, result in found.items() if result.state == "skipped"}
    assert {result.state for result in found.values()} == {"passed", "skipped"}
    assert set(skipped) == {
        *("queries_alone", "queries_in_sevens", "queries_permuted", "queries_replaced", "embed_one_is_embed_many"),
        *("embedding_path_is_predict", "random_support_labels", "label_equivariance"),
    }
    assert all("has no queries" in skipped[name] for name in ("queries_alone", "queries_permuted"))


def test_whoever_acts_is_asked_to_act_and_nothing_else() -> None:
    for learner, task in ((cheats.HonestExplorer, "classification"), (cheats.Honest, "bandit")):
        assert {result.state for result in results(learner, task).values()} == {"skipped"}


@pytest.mark.parametrize("task", TASKS)
def test_scripts_are_trials_as_the_harness_plays_them(task: str) -> None:
    spec = EXAMPLES[task]
    part = script(spec, 0, 40)
    assert part.obs.shape == (40, 12, *spec.x_shape) and part.prev_action.dtype == torch.int64
    assert (part.prev_action[:, 0] == -1).all() and (part.prev_reward[:, 0] == 0).all() and not part.done[:, 0].any()
    assert set(part.prev_action[:, 1:].unique().tolist()) == set(range(spec.actions))
    ends = (torch.arange(12) % spec.horizon == 0) & (torch.arange(12) > 0)
    assert (part.done == ends).all()
    worlds = generated(spec, 0, 40, CPU)
    worlds.reset()
    for time in range(11):
        obs, reward, _ = worlds.step(part.prev_action[:, time + 1])
        assert torch.equal(obs, part.obs[:, time + 1]) and torch.equal(reward, part.prev_reward[:, time + 1])
    for name, value in tensors(script(spec, 7, 2)).items():
        assert torch.equal(tensors(part)[name][7:9], value), name


def test_a_suites_task_keeps_its_shape_and_loses_steps() -> None:
    small = find_domain("exploration").small
    mdp = bench.ExplorationSpec("mdp", actions=5, steps=100, horizon=10, states=10)
    assert (small(mdp).steps, small(mdp).horizon) == (20, 10), "two inner episodes"
    bandit = bench.ExplorationSpec("bandit", actions=10, steps=100)
    assert small(bandit).steps == 12


def test_a_leak_stops_the_first_run_and_bandits_vouch_for_no_mdp(tmp_path: Path) -> None:
    def leak(learner: type[bench.Learner], task: str) -> str | None:
        return find_leak(learner, learner.Options(), EXAMPLES[task], "source", tmp_path, CPU)

    reason = leak(cheats.WatchesOtherTrials, "bandit")
    assert reason is not None and reason.startswith("leaks: other_episodes_swapped: relative difference ")
    for task in (*TASKS, *TASKS):
        assert leak(cheats.HonestExplorer, task) is None
    assert len(list((tmp_path / ".checks").iterdir())) == 2
