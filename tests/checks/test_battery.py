"""Each fault is caught by its own named check; honest learners pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import bench
from bench.checks import CHECKS, LEAK_CHECKS, examine, find_leak
from bench.learners.registry import all_learners, load
from tests.checks import cheats

IMAGES = bench.TaskSpec("classification", 5, 1, 15, (1, 28, 28), n_train_classes=100)
FUNCTIONS = bench.TaskSpec("regression", 0, 6, 6, (1,), y_dim=1, kernel="rbf", noise=0.02)


def failed(learner: type[bench.Learner], checks: tuple = CHECKS) -> set[str]:
    return {r.check for r in examine(learner, learner.Options(), IMAGES, checks) if r.state == "failed"}


@pytest.mark.parametrize(
    ("cheat", "named"),
    [
        (cheats.TrainingBatchNorm, "queries_alone"),
        (cheats.TrainingBatchNorm, "queries_in_sevens"),
        (cheats.CentresQueries, "queries_alone"),
        (cheats.SortedQueries, "queries_permuted"),
        (cheats.BatchOfEpisodes, "other_episodes_swapped"),
        (cheats.KeepsState, "no_state_between_episodes"),
        (cheats.WritesInputs, "inputs_untouched"),
        (cheats.Random, "determinism"),
        (cheats.ForgetsState, "checkpoint_round_trip"),
        (cheats.NotFinite, "shapes_and_finiteness"),
    ],
)
def test_a_cheat_is_caught_by_its_check(cheat: type[bench.Learner], named: str) -> None:
    assert named in failed(cheat)


@pytest.mark.parametrize(
    ("cheat", "only"),
    [
        (cheats.WritesInputs, {"inputs_untouched"}),
        (cheats.ForgetsState, {"checkpoint_round_trip"}),
        (cheats.NotFinite, {"shapes_and_finiteness"}),
    ],
)
def test_an_isolated_fault_fails_nothing_else(cheat: type[bench.Learner], only: set[str]) -> None:
    assert failed(cheat) <= only | {"determinism"} and only <= failed(cheat)


@pytest.mark.parametrize("honest", [cheats.Honest, cheats.Float32Only])
def test_honest_learners_pass(honest: type[bench.Learner]) -> None:
    assert failed(honest) == set()


@pytest.mark.parametrize("name", sorted(all_learners()))
def test_every_baseline_passes(name: str) -> None:
    learner = load(all_learners()[name])
    spec = IMAGES if learner.skip(IMAGES) is None else FUNCTIONS
    states = {r.check: (r.state, r.detail) for r in examine(learner, learner.Options(), spec)}
    assert not {check: found for check, found in states.items() if found[0] == "failed"}


@pytest.mark.parametrize("living", [cheats.InductiveRelationNet, cheats.InductiveMAML])
def test_batch_statistics_declared_inductive_are_a_leak(living: type[bench.Learner], tmp_path: Path) -> None:
    reason = find_leak(living, living.Options(), IMAGES, "source", tmp_path)
    assert reason is not None and reason.startswith("leaks: queries_alone")
    assert find_leak(living, living.Options(), IMAGES, "source", tmp_path) == reason  # a failure is not remembered


def test_declared_transductive_is_reported_not_failed() -> None:
    learner = load(all_learners()["relnet"])
    results = {r.check: r for r in examine(learner, learner.Options(norm="batch"), IMAGES, LEAK_CHECKS)}
    assert results["queries_alone"].state == "reported" and "would fail" in results["queries_alone"].detail


def test_a_pass_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_leak(cheats.Honest, cheats.Honest.Options(), IMAGES, "source", tmp_path) is None
    monkeypatch.setattr("bench.checks.quick.examine", lambda *_: pytest.fail("examined twice"))
    assert find_leak(cheats.Honest, cheats.Honest.Options(), IMAGES, "source", tmp_path) is None


def test_examination_leaves_the_random_state_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    examine(cheats.Random, cheats.Random.Options(), IMAGES)
    assert torch.equal(before, torch.get_rng_state())
