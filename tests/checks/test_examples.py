"""The generated tasks and the shaken weights, which the checks' power rests on."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import bench
from bench.checks.answers import distance
from bench.checks.result import NotApplicable
from bench.checks.subject import Subject
from bench.domains import all_examples, find_domain
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load

EXAMPLES = all_examples()

CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_an_episode_does_not_depend_on_how_many_are_made(kind: str) -> None:
    many, one = (find_domain(kind).example(EXAMPLES[kind], first, n) for first, n in ((0, 4), (2, 1)))
    for name in ("support_x", "support_y", "query_x", "query_y"):
        assert torch.equal(getattr(many, name)[2:3], getattr(one, name)), name


def test_images_are_laid_out_as_in_a_run() -> None:
    part = find_domain("classification").example(EXAMPLES["classification"], 0, 50)
    assert part.support_x.shape == (50, 5, 1, 28, 28) and part.query_x.shape == (50, 10, 1, 28, 28)
    assert part.support_x.min() >= 0 and part.query_x.max() <= 1
    assert (part.support_y == torch.arange(5)).all()
    assert all(torch.equal(labels.bincount(minlength=5), torch.full((5,), 2)) for labels in part.query_y)
    assert any(not torch.equal(labels, part.query_y[0]) for labels in part.query_y), "shuffled anew in each episode"
    nearest = torch.cdist(part.query_x.flatten(2), part.support_x.flatten(2)).argmin(-1)
    assert (nearest == part.query_y).double().mean() > 0.95, "classes can be told apart"


def _small(spec: bench.TaskSpec) -> bench.TaskSpec:
    return find_domain(spec.kind).small(spec)


def test_a_suite_keeps_its_shapes_and_loses_queries() -> None:
    spec = bench.ImageSpec(20, 5, 15, (3, 84, 84), n_train_classes=64)
    assert _small(spec) == dataclasses.replace(spec, query=1)
    assert _small(dataclasses.replace(spec, way=5)).query == 2, "more than seven, or sevens would be all of them"
    assert _small(bench.FunctionSpec(10, 100)).query == 10
    assert _small(bench.FunctionSpec(0, 0)).query == 0


@pytest.mark.parametrize("name", ["protonet", "relnet", "maml"])
def test_every_weight_is_moved_and_variances_stay_positive(name: str) -> None:
    learner = load(find_learner(name))
    subject = Subject(learner, resolve_options(learner, {}), EXAMPLES["classification"])
    before, after = subject.build(torch.float64, shaken=False), subject.build(torch.float64)
    for key, value in after.state_dict().items():
        if value.is_floating_point():
            assert not torch.equal(value, before.state_dict()[key]), key
            assert not key.endswith("running_var") or (value > 0).all()
        else:
            assert torch.equal(value, before.state_dict()[key]), key


def test_a_common_offset_hides_nothing() -> None:
    logits = torch.rand(1, 10, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    leak = 1e-4 * torch.arange(5)
    assert distance(logits + 1e5, logits + 1e5 + leak) > 1e-4
    assert distance(logits + 1e5, (logits + 1e5) * (1 + 1e-15)) < 1e-6


def test_distances_of_numbers_that_are_not_finite() -> None:
    value = torch.tensor([1.0, float("nan")])
    assert distance(value, value) == 0
    assert distance(value, torch.tensor([1.0, 2.0])) == float("inf")
    assert distance(value, value[:1]) == float("inf")
    with pytest.raises(NotApplicable):
        distance(value[1:], value[1:])
