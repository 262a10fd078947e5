"""References against independent computations: networks from scratch, the pooled network, ridge regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bench.tasks.registry import find_suite
from tests.baselines.material import answer, episodes, make
from tests.streams import training_source


def loop_start(learner: Any) -> dict[str, Tensor]:
    """The fixed start of a learner from scratch, as leaves for autograd."""
    start = {name: learner.start(name, shape).double() for name, shape in learner.shapes.items()}
    return {name: weight.requires_grad_(name in learner.adapted) for name, weight in start.items()}


def perceptron(w: dict[str, Tensor], x: Tensor) -> Tensor:
    for layer in range(3):
        x = F.linear(x.relu() if layer else x, w[f"layers.{layer}.weight"], w[f"layers.{layer}.bias"])
    return x


def test_a_function_from_scratch_is_an_ordinary_adam_fit() -> None:
    learner, part = make("from_scratch", "sinusoid", steps=7, report_steps=(0, 3)), episodes("sinusoid", b=2)
    with torch.no_grad():
        found = learner.predict(part.support_x, part.support_y, part.query_x)
    for b in range(2):
        weights = loop_start(learner)
        optimizer = torch.optim.Adam(weights.values(), lr=0.01)
        x, y, query = part.support_x[b] / 2.9, part.support_y[b], part.query_x[b] / 2.9
        for step in range(8):
            key = {0: "mse@step0", 3: "mse@step3", 7: "final"}.get(step)
            if key:
                expected = y.mean() + y.std() * perceptron(weights, query).detach()
                torch.testing.assert_close(found[key].mean[b], expected, rtol=1e-6, atol=1e-8)
            optimizer.zero_grad()
            F.mse_loss(perceptron(weights, x), (y - y.mean()) / y.std()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    assert set(found) == {"final", "mse@step0", "mse@step3"}


def support_moments(h: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of [S, C, H, W]."""
    channels = h.transpose(0, 1).flatten(1)
    return channels.mean(1), ((channels**2).mean(1) - channels.mean(1) ** 2 + 1e-3).sqrt()


def conv_net(w: dict[str, Tensor], images: Tensor, support: int) -> Tensor:
    """MAML's network written with the library's convolution, normalised with the support's statistics."""
    h = images
    for block in range(4):
        kernel = w[f"convs.{block}"].reshape(3, 3, h.shape[1], -1).permute(3, 2, 0, 1)
        h = F.conv2d(h, kernel, stride=2, padding=1)
        mean, std = (moment[:, None, None] for moment in support_moments(h[:support]))
        h = ((h - mean) / std + w[f"shifts.{block}"][:, None, None]).relu()
    return h.mean((2, 3)) @ w["head.weight"].T + w["head.bias"]


def test_images_from_scratch_are_an_ordinary_gradient_descent() -> None:
    learner, part = make("from_scratch", "images", steps=3, lr=0.3, filters=6), episodes("images", b=2)
    found = answer(learner, part)
    for b in range(2):
        weights = loop_start(learner)
        optimizer = torch.optim.SGD([w for w in weights.values() if w.requires_grad], lr=0.3)
        x, y = part.support_x[b], part.support_y[b]
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(conv_net(weights, x, len(x)), y).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        expected = conv_net(weights, torch.cat([x, part.query_x[b]]), len(x))[len(x) :].detach()
        torch.testing.assert_close(found[b], expected, rtol=1e-6, atol=1e-9)
    assert float(found.std()) > 0.01


def test_every_episode_starts_at_the_same_weights_and_seeds_differ() -> None:
    learner, other = make("from_scratch", "colour", steps=2), make("from_scratch", "colour", steps=2)
    other.noise_seed = 1
    part = episodes("colour")
    first = answer(learner, part)
    answer(learner, episodes("colour", seed=4))
    assert torch.equal(answer(learner, part), first)
    assert not torch.allclose(answer(other, part), first)


def test_from_scratch_fits_its_support_set() -> None:
    part = episodes("images")
    memory = type(part)(part.support_x, part.support_y, part.support_x, part.support_y, 0, part.way)
    assert (answer(make("from_scratch", "images", steps=30, filters=16), memory).argmax(-1) == part.support_y).all()
    curve = episodes("sinusoid")
    found = answer(
        make("from_scratch", "sinusoid"),
        type(curve)(curve.support_x, curve.support_y, curve.support_x, curve.support_y, 0),
    )
    assert float(F.mse_loss(found.mean, curve.support_y)) < 0.01 * float(curve.support_y.var())


@pytest.mark.parametrize("task", ["sinusoid", "gp-rbf"])
def test_ridge_against_a_solve_in_weight_space(task: str) -> None:
    """The posterior over weights: precision I + Phi' Phi / noise^2 (Rasmussen & Williams 2006, eq. 2.8)."""
    learner, part = make("ridge", task, features=20, length=0.7, scale=1.3, noise=0.2), episodes(task)
    found = answer(learner, part)
    frequencies: np.ndarray = learner.noise("frequencies", (1, 20)).double().numpy() / 0.7

    def features(x: Tensor) -> np.ndarray:
        angles: np.ndarray = x.numpy() @ frequencies
        return np.hstack([np.sin(angles), np.cos(angles)]) * np.float64(1.3 / np.sqrt(20))

    for b in range(3):
        support, query = features(part.support_x[b]), features(part.query_x[b])
        precision = np.eye(40) + support.T @ support / 0.2**2
        mean = query @ np.linalg.solve(precision, support.T @ part.support_y[b].numpy()) / 0.2**2
        variance = np.sum(query * np.linalg.solve(precision, query.T).T, axis=1) + 0.2**2
        np.testing.assert_allclose(found.mean[b], mean, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.std[b, :, 0] ** 2, variance, rtol=1e-7)


def test_many_random_features_are_the_kernel() -> None:
    learner = make("ridge", "gp-rbf", features=20_000, length=0.5, scale=2.0)
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)[None, :, None]
    features = learner.features(x)[0]
    expected = 4 * np.exp(-((x[0] - x[0].T).numpy() ** 2) / (2 * 0.5**2))
    np.testing.assert_allclose((features @ features.T).numpy(), expected, atol=0.1)  # 4 / sqrt(20,000) = .03, thrice


def test_each_function_class_has_a_prior_and_options_replace_it() -> None:
    lengths = [make("ridge", task).length for task in ("sinusoid", "gp-rbf", "gp-periodic")]
    assert lengths[0] > lengths[1] == lengths[2]
    assert make("ridge", "sinusoid", noise=0.5).deviation == 0.5


def test_a_pooled_step_is_plain_regression_on_all_points() -> None:
    learner, part = make("pooled", "sinusoid", hidden=7), episodes("sinusoid")
    learner.train_step(part)
    found = {name: parameter.grad.clone() for name, parameter in learner.net.named_parameters()}
    learner.zero_grad()
    weights, errors = dict(learner.net.named_parameters()), []
    for x, y in ((part.support_x, part.support_y), (part.query_x, part.query_y)):
        errors += [
            (perceptron(weights, point[None]) - value) ** 2
            for point, value in zip(x.flatten(), y.flatten(), strict=True)
        ]
    (sum(errors[1:], errors[0]).sum() / len(errors)).backward()
    for name, parameter in weights.items():
        torch.testing.assert_close(found[name], parameter.grad)


def test_pooled_fine_tuning_is_an_ordinary_gradient_descent() -> None:
    learner, part = make("pooled", "sinusoid", test_lr=0.05, test_steps=4, report_steps=(0, 2)), episodes("sinusoid")
    with torch.no_grad():
        found = learner.predict(part.support_x, part.support_y, part.query_x)
    for b in range(3):
        weights = {name: w.detach().clone().requires_grad_() for name, w in learner.net.named_parameters()}
        optimizer = torch.optim.SGD(weights.values(), lr=0.05)
        for step in range(5):
            key = {0: "mse@step0", 2: "mse@step2", 4: "final"}.get(step)
            if key:
                torch.testing.assert_close(found[key].mean[b], perceptron(weights, part.query_x[b]).detach())
            optimizer.zero_grad()
            F.mse_loss(perceptron(weights, part.support_x[b]), part.support_y[b]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()


def test_pooled_training_learns_the_mean_of_all_sinusoids() -> None:
    """The best single function is E[y | x] = -(2 / pi) E[A] cos x: phases are uniform on [0, pi], E[A] = 2.55."""
    suite = find_suite("sinusoid-10s")
    source = training_source(suite, 0)
    learner = make("pooled", "sinusoid").float().train()
    for layer in learner.net.layers:
        layer.reset_parameters()  # the published start needs thousands of steps, torch's own hundreds
    optimizer = torch.optim.Adam(learner.parameters(), lr=0.01)
    for step in range(500):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / 500)
        optimizer.zero_grad()
        learner.train_step(source.episodes(25))
        optimizer.step()
    x = torch.linspace(-5, 5, 101)[:, None]
    mean = -2 / np.pi * 2.55 * np.cos(x.numpy())
    with torch.no_grad():
        found = learner.net.run(dict(learner.net.named_parameters()), x, len(x)).numpy()
    assert float(np.mean((found - mean) ** 2)) < 0.05
    assert float(np.mean(mean**2)) > 1
