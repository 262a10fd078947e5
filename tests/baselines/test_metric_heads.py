"""Heads of the metric learners against numpy, loops and autograd, and that each of them learns."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import bench
from baselines import baseline, baselinepp
from baselines.finetuning import BATCH, EPOCHS, Gradient, Scores, Weights, fine_tune
from baselines.metaoptnet_rr import dual_ridge
from baselines.r2d2 import R2D2Encoder, ridge_regression, with_random_shots
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.tasks.registry import find_suite
from tests.baselines.material import answer, episodes, make


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("images, features", [(12, 4), (4, 12), (7, 7)])
def test_ridge_regression_is_the_least_squares_solution_of_the_extended_system(images: int, features: int) -> None:
    """min |x W - y|^2 + r |W|^2 is plain least squares on (x; sqrt(r) I), (y; 0)."""
    x, y, ridge = normal(2, images, features), normal(2, images, 3, seed=1), 0.7
    found = ridge_regression(x, y, ridge)
    for b in range(2):
        extended = np.concatenate([x[b].numpy(), np.sqrt(ridge) * np.eye(features)])
        expected = np.linalg.lstsq(extended, np.concatenate([y[b].numpy(), np.zeros((features, 3))]), rcond=None)[0]
        np.testing.assert_allclose(found[b].numpy(), expected, rtol=1e-9, atol=1e-12)


def test_r2d2_fits_the_support_labels_with_a_bias() -> None:
    learner, part = make("r2d2", "images"), episodes("images", b=2)
    found = answer(learner, part).numpy()
    ridge, scale = learner.log_ridge.exp().item(), learner.log_scale.exp().item()
    with torch.no_grad():
        for b in range(2):
            x, query = (
                np.concatenate([z, np.ones((len(z), 1))], axis=1)
                for z in (learner.embed(part.support_x[b]).numpy(), learner.embed(part.query_x[b]).numpy())
            )
            y = np.eye(5)[part.support_y[b].numpy()]
            weights = np.linalg.inv(x.T @ x / len(x) + ridge * np.eye(x.shape[1])) @ x.T @ y / len(x)
            np.testing.assert_allclose(found[b], scale * query @ weights, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("shape, features", [((1, 28, 28), 3584), ((3, 32, 32), 8064), ((3, 84, 84), 72576)])
def test_the_wide_network_has_the_published_number_of_features(shape: tuple[int, ...], features: int) -> None:
    with torch.no_grad():
        assert R2D2Encoder(shape[0], (96, 192, 384, 512), 0.0).eval()(torch.rand(1, *shape)).shape == (1, features)


def test_r2d2_as_in_the_authors_code_learns_the_scale_and_no_ridge() -> None:
    """Their solver: inputs and labels divided by the root of the number of images, then lambda on the diagonal."""
    learner, part = make("r2d2", "images", learn_ridge=False, log_scale=False, scale=3.0), episodes("images", b=1)
    assert {name for name, _ in learner.named_parameters() if "encoder" not in name} == {"scale"}
    with torch.no_grad():
        learner.log_ridge.fill_(math.log(2.5))
        x, query = (
            np.concatenate([z, np.ones((len(z), 1))], axis=1)
            for z in (learner.embed(part.support_x[0]).numpy(), learner.embed(part.query_x[0]).numpy())
        )
    root = np.sqrt(len(x))
    x, y = x / root, np.eye(5)[part.support_y[0].numpy()] / root
    weights = x.T @ np.linalg.inv(x @ x.T + 2.5 * np.eye(len(x))) @ y
    np.testing.assert_allclose(answer(learner, part)[0].numpy(), learner.scale.item() * query @ weights, rtol=1e-6)


def test_random_shots_move_support_images_to_the_queries() -> None:
    """From 1 to all shots stay, as many of each class; no image is lost, doubled or given another label."""
    part, kept = episodes("images", b=3), set()
    shuffled = torch.stack([torch.randperm(10, generator=torch.Generator().manual_seed(b)) for b in range(3)])
    row = torch.arange(3)[:, None]
    part = replace(part, support_x=part.support_x[row, shuffled], support_y=part.support_y[row, shuffled])
    for seed in range(12):
        torch.manual_seed(seed)
        found = with_random_shots(part)
        for b in range(3):
            counts = found.support_y[b].bincount(minlength=5)
            assert len(set(counts.tolist())) == 1
            kept.add(int(counts[0]))
            before, after = (
                sorted(
                    (int(label), float(image.sum()))
                    for x, y in ((e.support_x, e.support_y), (e.query_x, e.query_y))
                    for image, label in zip(x[b], y[b], strict=True)
                )
                for e in (part, found)
            )
            assert before == after
    assert kept == {1, 2}


def test_random_shots_are_drawn_in_training_only() -> None:
    learner, part = make("r2d2", "images", random_shots=True), episodes("images", b=2)
    plain = make("r2d2", "images")
    torch.testing.assert_close(answer(learner, part), answer(plain, part))
    losses = set()
    for seed in range(8):
        torch.manual_seed(seed)
        losses.add(round(float(learner.loss(part).detach()), 9))
    assert len(losses) == 2 and round(float(plain.loss(part).detach()), 9) in losses


def test_attention_over_the_support_against_a_loop() -> None:
    learner, part = make("matching", "images", temperature=0.3), episodes("images", b=2)
    found = answer(learner, part)
    with torch.no_grad():
        for b in range(2):
            support, query = (learner.encoder(x[b]).numpy() for x in (part.support_x, part.query_x))
            for q, z in enumerate(query):
                cosine = [s @ z / np.linalg.norm(s) / np.linalg.norm(z) for s in support]
                weight = np.exp(np.array(cosine) / 0.3)
                labels = part.support_y[b].numpy()
                expected = [weight[labels == label].sum() / weight.sum() for label in range(5)]
                np.testing.assert_allclose(found[b, q].exp().numpy(), expected, rtol=1e-7)


@pytest.mark.parametrize("transform", ["UN", "L2N", "CL2N"])
def test_simpleshot_transforms_by_hand(transform: str) -> None:
    learner, part = make("simpleshot", "images", transform=transform), episodes("images", b=1)
    images = [episodes("images", seed=seed).query_x[0] for seed in (3, 4)]
    learner.set_base_mean(images)
    with torch.no_grad():
        z, query, base = (learner.encoder(x).numpy() for x in (part.support_x[0], part.query_x[0], torch.cat(images)))
    if transform == "CL2N":
        z, query = z - base.mean(0), query - base.mean(0)
    if transform != "UN":
        z, query = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (z, query))
    labels = part.support_y[0].numpy()
    expected = [[-np.sum((q - z[labels == label].mean(0)) ** 2) for label in range(5)] for q in query]
    np.testing.assert_allclose(answer(learner, part)[0].numpy(), expected, rtol=1e-7, atol=1e-9)


HEADS = {
    "linear": (baseline.scores, baseline.gradient, (normal(2, 3, 6), normal(2, 1, 3))),
    "cosine": (baselinepp.scores, baselinepp.gradient, (normal(2, 3, 6), normal(2, 3, 1).abs() + 0.1)),
}


@pytest.mark.parametrize("scores, gradient, weights", HEADS.values(), ids=HEADS)
def test_the_gradient_of_a_head_is_that_of_autograd(scores: Scores, gradient: Gradient, weights: Weights) -> None:
    z = F.normalize(normal(2, 5, 6, seed=2), dim=-1)
    y = torch.tensor([[0, 1, 2, 0, 1], [2, 2, 1, 0, 0]])
    free = tuple(w.clone().requires_grad_() for w in weights)
    loss = F.cross_entropy(scores(free, z).flatten(0, 1), y.flatten(), reduction="sum")
    expected = torch.autograd.grad(loss, free)
    error = scores(weights, z).softmax(-1) - F.one_hot(y)
    for found, wanted in zip(gradient(weights, z, error), expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_fine_tuning_is_torch_sgd_on_each_episode() -> None:
    z, y = normal(2, 10, 6, seed=3), torch.tensor([[0, 1, 2, 0, 1, 2, 0, 1, 2, 0], [2, 2, 1, 0, 0, 1, 1, 2, 0, 1]])
    weights = HEADS["linear"][2]
    order = normal(EPOCHS, 10, seed=4).argsort(1)
    found = fine_tune(weights, baseline.scores, baseline.gradient, z, y, order)
    for b in range(2):
        head = nn.Linear(6, 3).double()
        with torch.no_grad():
            head.weight.copy_(weights[0][b])
            head.bias.copy_(weights[1][b, 0])
        sgd = torch.optim.SGD(head.parameters(), lr=0.01, momentum=0.9, dampening=0.9, weight_decay=0.001)
        for epoch in order:
            for chosen in epoch.split(BATCH):
                sgd.zero_grad()
                F.cross_entropy(head(z[b, chosen]), y[b, chosen]).backward()  # type: ignore[no-untyped-call]
                sgd.step()
        torch.testing.assert_close(found[0][b], head.weight.detach())
        torch.testing.assert_close(found[1][b, 0], head.bias.detach())


def test_metaoptnet_s_head_minimises_the_authors_quadratic_program() -> None:
    """One program for all classes, 1/2 a' (K + ridge I kron I_way) a - 2 y' a, solved by plain gradient descent."""
    x, labels, ridge = normal(1, 6, 4), torch.tensor([[0, 1, 2, 0, 1, 2]]), 50.0
    y = F.one_hot(labels).double()
    kernel = np.kron((x[0] @ x[0].T).numpy() + ridge * np.eye(6), np.eye(3))
    a = np.zeros(18)
    for _ in range(400):
        a -= 0.015 * (kernel @ a - 2 * y.numpy().ravel())
    np.testing.assert_allclose(dual_ridge(x, y, ridge)[0].numpy(), a.reshape(6, 3), rtol=1e-6, atol=1e-9)


def test_smoothed_labels_give_the_other_classes_the_share_and_the_right_one_the_rest() -> None:
    learner, part = make("metaoptnet_rr", "images", label_smoothing=0.1), episodes("images", b=2)
    log_p = answer(learner, part).log_softmax(-1).numpy()
    target = np.full((*part.query_y.shape, 5), 0.1 / 4)
    np.put_along_axis(target, part.query_y.numpy()[..., None], 0.9, axis=-1)
    assert float(learner.loss(part).detach()) == pytest.approx(-(target * log_p).sum(-1).mean(), rel=1e-9)


@pytest.fixture(scope="module")
def glyphs(bench_data: Path) -> PreparedSuite:
    return prepare(find_suite("glyphs-5w1s"), torch.device("cpu"), bench_data)


@pytest.mark.parametrize(
    "name, bound, options",
    [
        ("r2d2", 0.75, {"backbone": "conv4-32", "ridge": 1.0}),
        ("matching", 0.75, {"backbone": "conv4-32"}),
        ("metaoptnet_rr", 0.75, {"backbone": "conv4-32"}),
        ("simpleshot", 0.75, {"backbone": "conv4-32", "batch": 64}),
        ("baseline", 0.65, {"backbone": "conv4-32", "batch": 64}),
        ("baselinepp", 0.65, {"backbone": "conv4-32", "batch": 64}),
    ],
)
def test_it_learns_glyphs_in_seconds(glyphs: PreparedSuite, name: str, bound: float, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    learner_class = load(find_learner(name))
    learner, source = learner_class(glyphs.spec, resolve_options(learner_class, options)), glyphs.training(0)
    (test,) = glyphs.evaluation("test").batches(20, 20)
    if learner_class.meta_train is not bench.Learner.meta_train:
        validate = Mock(return_value=0.0)
        learner.meta_train(source, validate, steps=100)
        assert validate.call_count == 5, "one validation in 20 steps"
    else:
        optimizer = learner.configure_optimizer(40) or torch.optim.Adam(learner.parameters(), lr=5e-3)
        for _ in range(40):
            optimizer.zero_grad()
            learner.train_step(source.episodes(1, 20, 1, 5))
            optimizer.step()
    score = float((answer(learner.eval(), test).argmax(-1) == test.query_y).float().mean())
    assert score > bound
