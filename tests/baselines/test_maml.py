"""MAML: the inner step in closed form, the meta-gradient by finite differences, its building blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.maml import MAML, convolve, convolve_by_columns, max_pool, statistics
from tests.baselines.material import SPECS, answer, episodes, make, with_queries


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Linear(torch.nn.Module):
    """A network whose inner step has a closed form: logits or values are inputs times a matrix."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(draw(n_in, n_out))
        self.adapted = frozenset({"w"})

    def run(self, weights: dict[str, Tensor], x: Tensor, n_statistics: int) -> Tensor:
        return x @ weights["w"]


def linear_maml(task: str, n_in: int, n_out: int, **options: Any) -> MAML:
    learner = MAML(SPECS[task], MAML.Options(**options)).double()
    learner.net = Linear(n_in, n_out)  # type: ignore[assignment]  # stands in for the real network
    return learner


def test_the_inner_step_of_logistic_regression_is_the_closed_form() -> None:
    learner = linear_maml("images", 4, 5, inner_lr=0.3)
    x, y, w = draw(8, 4, seed=1), torch.tensor([0, 1, 2, 3, 4, 0, 1, 2]), draw(4, 5)
    p = np.exp((x @ w).numpy())
    p /= p.sum(1, keepdims=True)
    expected = w.numpy() - 0.3 * x.numpy().T @ (p - np.eye(5)[y]) / 8  # the mean cross-entropy's gradient
    np.testing.assert_allclose(learner.inner_step({"w": w}, x, y)["w"].numpy(), expected, rtol=1e-10)


def test_several_steps_of_least_squares_are_the_closed_form() -> None:
    learner = linear_maml("sinusoid", 3, 1, inner_lr=0.05, test_steps=4, report_steps=(0, 1))
    x, y, query, w = draw(6, 3, seed=1), draw(6, 1, seed=2), draw(5, 3, seed=3), draw(3, 1).numpy()
    with torch.no_grad():
        outputs = learner.adapt(x, y, query)
    a = 2 * x.numpy().T @ x.numpy() / 6
    b = 2 * x.numpy().T @ y.numpy() / 6
    for step in range(5):
        if str(step) in outputs:
            np.testing.assert_allclose(outputs[str(step)].numpy(), query.numpy() @ w, rtol=1e-9)
        w = w - 0.05 * (a @ w - b)
    assert set(outputs) == {"0", "1", "4"}


def regressor(**options: Any) -> MAML:
    """A small network with smooth enough surroundings, moved away from its tiny start."""
    torch.manual_seed(0)
    learner = MAML(SPECS["sinusoid"], MAML.Options(hidden=6, inner_lr=0.1, **options)).double()
    with torch.no_grad():
        for index, parameter in enumerate(learner.parameters()):
            parameter.copy_(0.7 * draw(*parameter.shape, seed=index))
    return learner


def meta_gradient(learner: MAML, part: bench.Episodes) -> Tensor:
    learner.zero_grad()
    learner.train_step(part)
    return torch.cat([p.grad.flatten() for p in learner.parameters() if p.grad is not None])


@pytest.mark.parametrize("steps", [1, 3])
def test_the_second_order_meta_gradient_matches_finite_differences(steps: int) -> None:
    learner, part = regressor(inner_steps=steps), episodes("sinusoid", b=2)
    found, h = meta_gradient(learner, part), 1e-6
    tasks = [(part.support_x[b], part.support_y[b], part.query_x[b], part.query_y[b]) for b in range(2)]
    differences = []
    with torch.no_grad():
        for parameter in learner.parameters():
            for cell in range(parameter.numel()):
                flat, loss = parameter.view(-1), []
                for sign in (h, -2 * h):
                    flat[cell] += sign
                    weights: dict[str, Tensor] = dict(learner.net.named_parameters())
                    loss.append(sum((float(learner.task_loss(weights, *task)) for task in tasks), 0.0) / 2)
                flat[cell] += h
                differences.append((loss[0] - loss[1]) / (2 * h))
    np.testing.assert_allclose(found.numpy(), differences, rtol=1e-5, atol=1e-7)


def test_first_order_is_the_query_gradient_at_the_adapted_weights() -> None:
    part = episodes("sinusoid", b=1)
    learner = regressor(first_order=True)
    found = meta_gradient(learner, part)
    x, y, query, target = part.support_x[0], part.support_y[0], part.query_x[0], part.query_y[0]
    weights = {name: w.detach().requires_grad_() for name, w in learner.net.named_parameters()}
    inner = torch.autograd.grad(F.mse_loss(learner.net.run(weights, x, 0), y), list(weights.values()))
    adapted = {
        name: (w - 0.1 * g).detach().requires_grad_() for (name, w), g in zip(weights.items(), inner, strict=True)
    }
    outer = torch.autograd.grad(F.mse_loss(learner.net.run(adapted, query, 0), target), list(adapted.values()))
    torch.testing.assert_close(found, torch.cat([g.flatten() for g in outer]), rtol=1e-10, atol=1e-12)
    assert float((found - meta_gradient(regressor(), part)).abs().max()) > 1e-4, "second order is different"


@pytest.mark.parametrize("size", [(8, 8), (7, 5)])
def test_both_convolutions_are_the_library_s(size: tuple[int, int]) -> None:
    images, weight = draw(3, 2, *size), draw(9 * 2, 4, seed=1)
    kernel = weight.reshape(3, 3, 2, 4).permute(3, 2, 0, 1)  # rows ordered by (ky, kx, channel)
    h = images.permute(0, 2, 3, 1)
    for found, stride in (
        (convolve(h, weight), 1),
        (convolve_by_columns(h, weight, 1), 1),
        (convolve_by_columns(h, weight, 2), 2),
    ):
        expected = F.conv2d(images, kernel, stride=stride, padding=1)
        torch.testing.assert_close(found.permute(0, 3, 1, 2), expected, rtol=1e-12, atol=1e-12)


def test_max_pool_is_the_library_s() -> None:
    images = draw(2, 3, 7, 6)
    found = max_pool(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(found, F.max_pool2d(images, 2))


def test_normalised_with_its_own_statistics_a_batch_is_batch_norm_s() -> None:
    images = draw(6, 3, 4, 4)
    h = images.permute(0, 2, 3, 1)
    mean, factor = statistics(h)
    found = ((h - mean) * factor).permute(0, 3, 1, 2)
    torch.testing.assert_close(found, F.batch_norm(images, None, None, training=True, eps=1e-3))


def test_support_statistics_are_inductive_and_batch_statistics_are_not() -> None:
    part = episodes("colour", b=1)
    others = part.query_x.clone()
    others[:, 1:] = 1 - others[:, 1:]
    elsewhere = bench.Episodes(part.support_x, part.support_y, others, part.query_y, 0, part.way)
    for norm, inductive in (("support", True), ("batch", False)):
        learner = make("maml", "colour", norm=norm, filters=8)
        first, again = (answer(learner, e)[:, :1] for e in (part, elsewhere))
        assert torch.allclose(first, again, rtol=1e-9, atol=1e-11) == inductive
        assert learner.transductive != inductive


@pytest.mark.parametrize("pool", [False, True])
def test_shifts_are_meta_learned_but_not_adapted(pool: bool) -> None:
    learner, part = make("maml", "colour", filters=8, pool=pool, inner_lr=0.5), episodes("colour", b=1)
    weights = dict(learner.net.named_parameters())
    adapted = learner.inner_step(weights, part.support_x[0], part.support_y[0])
    moved = {name for name in weights if not torch.equal(weights[name], adapted[name])}
    assert moved == {name for name in weights if not name.startswith("shifts")}


def test_reported_steps_are_further_predictions() -> None:
    learner, part = make("maml", "sinusoid", test_steps=2, report_steps=[0, 1, 2]), episodes("sinusoid")
    with torch.no_grad():
        found = learner.predict(part.support_x, part.support_y, part.query_x)
    assert list(found) == ["final", "mse@step0", "mse@step1", "mse@step2"]
    assert torch.equal(found["final"].mean, found["mse@step2"].mean)
    few = with_queries(part, slice(0, 1))
    before = make("maml", "sinusoid").net.run(dict(learner.net.named_parameters()), few.query_x[0], 0)
    torch.testing.assert_close(found["mse@step0"].mean[0, :1], before)
