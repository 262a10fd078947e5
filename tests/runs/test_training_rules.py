"""When to validate, which weights to keep, how the learning rate runs, what a step's randomness depends on."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import bench
from bench.seeding import seed_step
from bench.training.loop import Selection, Trained, build_optimizer, check_steps, rate_factor
from bench.training.recipes import Optimizer, Schedule
from bench.training.state import Progress


@given(st.integers(1, 5_000), st.integers(1, 40))
def test_checks_lie_in_the_training_and_the_last_one_ends_it(steps: int, checks: int) -> None:
    due = check_steps(steps, checks)
    assert max(due) == steps and min(due) >= 1 and len(due) == min(steps, checks)
    if steps >= 2 * checks:
        gaps = [b - a for a, b in zip([0, *sorted(due)], sorted(due), strict=False)]
        assert max(gaps) - min(gaps) <= 1


def test_rate_factors() -> None:
    cosine = [rate_factor(Schedule(name="cosine"), step, 100) for step in range(101)]
    assert cosine[0] == 1 and cosine[50] == pytest.approx(0.5) and cosine[100] == pytest.approx(0)
    assert cosine == sorted(cosine, reverse=True)
    steps = Schedule(name="step", every=10, gamma=0.5)
    assert [rate_factor(steps, step, 100) for step in (0, 9, 10, 20, 35)] == [1, 1, 0.5, 0.25, 0.125]
    assert rate_factor(Schedule(), 99, 100) == 1


def _kept(scores: list[float], higher_is_better: bool, selection: str = "validation") -> tuple[float, Progress]:
    """The weight that is kept when check k has weight k."""
    model: Any = nn.Linear(1, 1, bias=False)
    left = iter(scores)
    rule = Selection(lambda: next(left), higher_is_better, len(scores), selection)
    trained = Trained(Progress(), {})
    for step in range(len(scores)):
        nn.init.constant_(model.weight, step)
        trained.check(model, rule, step, 0.0, 0.0)
    nn.init.constant_(model.weight, -1)  # what is kept is a copy
    return float(trained.best["weight"]), trained.progress


@pytest.mark.parametrize(
    ("scores", "higher", "selection", "kept"),
    [
        ([0.1, 0.5, 0.3], True, "validation", 1),
        ([0.1, 0.5, 0.5], True, "validation", 1),  # the earliest of equals
        ([0.1, 0.5, 0.3], False, "validation", 0),
        ([3.0, 2.0, 2.0, 4.0], False, "validation", 1),
        ([0.1, 0.5, 0.3], True, "last", 2),
        ([math.nan, 0.5, math.nan], True, "validation", 1),
        ([math.nan, math.nan], True, "validation", 0),  # something has to be kept
    ],
)
def test_the_best_validated_weights_are_kept(scores: list[float], higher: bool, selection: str, kept: int) -> None:
    weight, progress = _kept(scores, higher, selection)
    assert weight == kept
    if math.isfinite(scores[kept]):
        assert (progress.best_step, progress.best_score) == (kept, scores[kept])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.booleans())
def test_no_check_beats_the_one_that_is_kept(scores: list[float], higher: bool) -> None:
    weight, progress = _kept(scores, higher)
    best = max(scores) if higher else min(scores)
    assert progress.best_score == best and weight == scores.index(best)


def test_a_steps_randomness_depends_on_seed_and_step_alone() -> None:
    draws = {}
    for seed, step in [(0, 0), (0, 1), (1, 0), (1, 10), (11, 0)]:
        seed_step(seed, step)
        draws[seed, step] = tuple(torch.rand(4).tolist())
    assert len(set(draws.values())) == len(draws)
    seed_step(0, 1)
    assert tuple(torch.rand(4).tolist()) == draws[0, 1]


class _Part(bench.Learner):
    family = "model"

    def __init__(self) -> None:
        super().__init__(bench.FunctionSpec(5, 5), None)
        self.learned, self.frozen = nn.Linear(1, 1), nn.Linear(1, 1).requires_grad_(False)


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD")])
def test_optimizers_take_what_is_to_be_learned(name: Any, kind: str) -> None:
    model = _Part()
    momentum = 0.9 if name == "sgd" else 0.0
    optimizer = build_optimizer(Optimizer(name=name, lr=0.3, weight_decay=0.01, momentum=momentum), model)
    (group,) = optimizer.param_groups
    assert type(optimizer).__name__ == kind and group["lr"] == 0.3 and group["weight_decay"] == 0.01
    assert group["params"] == list(model.learned.parameters())
    assert group.get("momentum", momentum) == momentum
