"""Reptile, ANIL, Meta-SGD and MAML++: their updates by hand and by finite differences, and that each of them learns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.maml import MAML
from baselines.reptile import Reptile
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.tasks.registry import find_suite
from tests.baselines.material import SPECS, answer, episodes, make, with_queries
from tests.baselines.test_maml import Linear, draw


def meta_gradient(learner: Any, part: bench.Episodes) -> dict[str, Tensor]:
    learner.zero_grad()
    learner.train_step(part)
    return {name: p.grad.clone() for name, p in learner.net.named_parameters()}


def differences(learner: Any, part: bench.Episodes, name: str, h: float = 1e-6) -> Tensor:
    """Central differences of the mean task loss along every cell of one parameter, [its shape]."""
    parameter = dict(learner.net.named_parameters())[name]
    tasks = list(zip(part.support_x, part.support_y, part.query_x, part.query_y, strict=True))
    found = torch.zeros_like(parameter).flatten()
    with torch.no_grad():
        for cell in range(parameter.numel()):
            for sign in (1, -1):
                moved = dict(learner.net.named_parameters())
                moved[name] = parameter + sign * h * F.one_hot(torch.tensor(cell), parameter.numel()).view_as(parameter)
                loss = sum(float(learner.task_loss(moved, *task)) for task in tasks) / len(tasks)
                found[cell] += sign * loss / (2 * h)
    return found.view_as(parameter)


# -- MAML's inner step, worked out by hand -------------------------------------------------------------------------


def test_the_worked_example_of_the_documentation_runs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "worked_example.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)  # its own assertion is to 1e-6
    assert names["worst"] < 1e-12, "float64: far below what the text promises"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_inner_step_of_binary_logistic_regression_is_the_closed_form(seed: int) -> None:
    x, w, b = draw(9, 4, seed=seed), draw(4, seed=seed + 10), draw(1, seed=seed + 20)
    y = torch.arange(9) % 2
    learner = MAML(bench.ImageSpec(2, 1, 1, (1, 28, 28)), MAML.Options(inner_lr=0.7)).double()
    learner.net = Binary()  # type: ignore[assignment]  # stands in for the real network
    found = learner.inner_step({"w": w, "b": b}, x, y)
    residual = 1 / (1 + np.exp(-(x.numpy() @ w.numpy() + b.numpy()))) - y.numpy()
    np.testing.assert_allclose(found["w"], w.numpy() - 0.7 * (residual[:, None] * x.numpy()).mean(0), atol=1e-6)
    np.testing.assert_allclose(found["b"], b.numpy() - 0.7 * residual.mean(), atol=1e-6)


class Binary(torch.nn.Module):
    """One logit as two: (0, w.x + b), whose softmax is the sigmoid."""

    adapted = frozenset({"w", "b"})

    def run(self, weights: dict[str, Tensor], x: Tensor, n_statistics: int) -> Tensor:
        logit = x @ weights["w"] + weights["b"]
        return torch.stack([torch.zeros_like(logit), logit], dim=1)


# -- Reptile -------------------------------------------------------------------------------------------------------


def linear_reptile(**options: Any) -> Reptile:
    learner = Reptile(SPECS["sinusoid"], Reptile.Options(**options)).double()
    learner.net = Linear(1, 1)  # type: ignore[assignment]  # stands in for the real network
    return learner


@pytest.mark.parametrize("strategy", ["loop", "vmap"])
def test_reptile_is_initial_minus_adapted_weights_of_least_squares(strategy: bench.Strategy) -> None:
    """y = w x in one variable, three gradient steps on the whole task (a mini-batch of all 14 points)."""
    learner = linear_reptile(inner_optimizer="sgd", inner_lr=0.05, inner_steps=3, inner_batch=14)
    learner.strategy, part = strategy, episodes("sinusoid")
    found = meta_gradient(learner, part)["w"].item()
    x = torch.cat([part.support_x, part.query_x], 1).numpy()[..., 0]
    y = torch.cat([part.support_y, part.query_y], 1).numpy()[..., 0]
    start = float(draw(1, 1))  # as Linear starts
    expected = []
    for task in range(3):
        w = start
        for _ in range(3):
            w -= 0.05 * np.mean(2 * (w * x[task] - y[task]) * x[task])
        expected.append(start - w)
    np.testing.assert_allclose(found, np.mean(expected), rtol=1e-10)


def test_reptile_s_inner_optimiser_is_adam_without_momentum() -> None:
    learner, part = linear_reptile(inner_lr=0.03, inner_steps=4, inner_batch=14), episodes("sinusoid", b=1)
    found = meta_gradient(learner, part)["w"]
    start = draw(1, 1)  # as Linear starts
    w = start.clone().requires_grad_()
    x = torch.cat([part.support_x, part.query_x], 1)[0]
    y = torch.cat([part.support_y, part.query_y], 1)[0]
    adam = torch.optim.Adam([w], lr=0.03, betas=(0.0, 0.999))
    for _ in range(4):
        adam.zero_grad()
        F.mse_loss(x @ w, y).backward()  # type: ignore[no-untyped-call]
        adam.step()
    torch.testing.assert_close(found, start - w.detach(), rtol=1e-6, atol=1e-9)


def test_reptile_s_mini_batches_pass_through_the_data() -> None:
    learner = linear_reptile(inner_steps=6, inner_batch=5)
    picks = learner.mini_batches(4, 10, torch.device("cpu"))
    assert picks.shape == (4, 6, 5)
    for task in picks:
        for start in (0, 2, 4):
            assert sorted(task[start : start + 2].flatten().tolist()) == list(range(10)), "a pass is a permutation"
    assert not torch.equal(picks[0], picks[1])
    assert learner.mini_batches(4, 3, torch.device("cpu")).shape == (4, 6, 3), "never more than there is"


def test_reptile_at_rate_one_with_one_task_lands_on_the_adapted_weights() -> None:
    learner, part = make("reptile", "sinusoid", hidden=6, inner_batch=14, inner_steps=2), episodes("sinusoid", b=1)
    x, y = (torch.cat(pair, 1)[0] for pair in ((part.support_x, part.query_x), (part.support_y, part.query_y)))
    weights = {name: w.detach().clone() for name, w in learner.net.named_parameters()}
    squares = {name: torch.zeros_like(w) for name, w in weights.items()}
    for step in (1, 2):
        weights, squares, _ = learner.descend(weights, squares, step, x, y)
    learner.train_step(part)
    torch.optim.SGD(learner.parameters(), lr=1.0).step()
    for name, w in learner.net.named_parameters():
        torch.testing.assert_close(w.detach(), weights[name], rtol=1e-9, atol=1e-12)


# -- ANIL ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task, options", [("sinusoid", {"hidden": 4}), ("colour", {"filters": 3})])
def test_anil_s_meta_gradient_matches_finite_differences(task: str, options: dict[str, int]) -> None:
    learner, part = make("anil", task, inner_lr=0.3, inner_steps=3, **options), episodes(task, b=2)
    found = meta_gradient(learner, part)
    names = (
        ["layers.0.weight", "layers.2.weight", "layers.2.bias"] if task == "sinusoid" else ["head.weight", "shifts.3"]
    )
    for name in names:
        torch.testing.assert_close(found[name], differences(learner, part, name), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "task, head, options",
    [
        ("sinusoid", "layers.2.", {}),
        ("images", "head.", {"filters": 8}),
        ("colour", "head.", {"filters": 8, "pool": True}),
    ],
)
@pytest.mark.parametrize("norm", ["support", "batch"])
def test_anil_is_maml_with_a_frozen_body(task: str, head: str, options: dict[str, Any], norm: str) -> None:
    options = options | {"inner_lr": 0.2, "inner_steps": 2, "test_steps": 2, "norm": norm}
    part, anil, maml = episodes(task), make("anil", task, **options), make("maml", task, **options)
    maml.net.adapted = frozenset(name for name, _ in maml.net.named_parameters() if name.startswith(head))
    maml.load_state_dict(anil.state_dict())
    found, expected = answer(anil, part), answer(maml, part)
    if task == "sinusoid":
        found, expected = found.mean, expected.mean
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)
    theirs = meta_gradient(maml, part)
    for name, gradient in meta_gradient(anil, part).items():
        torch.testing.assert_close(gradient, theirs[name], rtol=1e-8, atol=1e-11)


# -- Meta-SGD ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2])
def test_meta_sgd_s_gradient_to_the_rates_matches_finite_differences(steps: int) -> None:
    learner, part = make("metasgd", "sinusoid", hidden=4, inner_lr=0.1, inner_steps=steps), episodes("sinusoid", b=2)
    found = meta_gradient(learner, part)
    for name in [name for name in found if name.startswith("rates")]:
        torch.testing.assert_close(found[name], differences(learner, part, name), rtol=1e-4, atol=1e-7)


def test_meta_sgd_starts_as_maml() -> None:
    options = {"inner_lr": 0.2, "test_steps": 2}
    torch.manual_seed(0)
    part, maml, found = episodes("images"), make("maml", "images", **options), make("metasgd", "images", **options)
    found.net.load_state_dict(maml.net.state_dict(), strict=False)
    with torch.no_grad():
        for rates in found.net.rates:
            rates.fill_(0.2)
    torch.testing.assert_close(answer(found, part), answer(maml, part))


# -- MAML++ --------------------------------------------------------------------------------------------------------


def test_the_multi_step_loss_is_the_weighted_sum_over_a_loop() -> None:
    learner, part = make("mamlpp", "sinusoid", hidden=6, inner_steps=3, inner_lr=0.1), episodes("sinusoid", b=2)
    learner.configure_optimizer(100)
    learner.step.fill_(4)  # of 10 annealed ones
    early = 0.6 / 3
    assert learner.importance() == pytest.approx([early, early, 1 - 2 * early])
    expected = 0.0
    rates = learner.net.rates.detach()
    for x, y, query, target in zip(part.support_x, part.support_y, part.query_x, part.query_y, strict=True):
        layers = {name: w.detach().clone() for name, w in learner.net.named_parameters() if name != "rates"}
        for step in range(3):
            leaves = {name: w.clone().requires_grad_() for name, w in layers.items()}
            gradient = torch.autograd.grad(F.mse_loss(learner.net.run(leaves, x, 0), y), list(leaves.values()))
            by_name = dict(zip(leaves, gradient, strict=True))
            layers = {name: w - rates[step, sorted(layers).index(name)] * by_name[name] for name, w in layers.items()}
            weight = [early, early, 1 - 2 * early][step]
            expected += weight * float(F.mse_loss(learner.net.run(layers, query, 0), target)) / 2
    assert float(learner.train_step(part)) == pytest.approx(expected, rel=1e-9)
    assert int(learner.step) == 5


def test_the_importance_moves_to_the_last_step_and_then_only_that_counts() -> None:
    learner, part = make("mamlpp", "sinusoid", hidden=6, inner_steps=4), episodes("sinusoid", b=2)
    learner.configure_optimizer(1000)
    history = []
    for step in range(0, 100, 9):
        learner.step.fill_(step)
        history.append(learner.importance())
    np.testing.assert_allclose(history[0], [0.25] * 4)
    np.testing.assert_allclose(np.sum(history, axis=1), 1)
    assert (np.diff([row[-1] for row in history]) > 0).all() and history[-1][0] >= 0.03 / 4
    learner.step.fill_(100)
    last = float(learner.train_step(part))
    with torch.no_grad():
        tasks = zip(part.support_x, part.support_y, part.query_x, part.query_y, strict=True)
        weights = dict(learner.net.named_parameters())
        assert last == pytest.approx(np.mean([float(learner.task_loss(weights, *task)) for task in tasks]))


def test_rates_and_shifts_belong_to_a_step() -> None:
    learner = make("mamlpp", "images", filters=4, inner_steps=2, test_steps=3)
    assert learner.net.rates.shape == (2, len(learner.net.adapted)) and learner.net.shifts[0].shape == (2, 4)
    weights = dict(learner.net.named_parameters())
    assert torch.equal(learner.of_step(weights, 0)["shifts.1"], weights["shifts.1"][0])
    assert torch.equal(learner.of_step(weights, 5)["shifts.1"], weights["shifts.1"][1]), "the last trained step's"


def test_mamlpp_s_gradient_to_its_rates_matches_finite_differences() -> None:
    learner, part = make("mamlpp", "sinusoid", hidden=4, inner_steps=3), episodes("sinusoid", b=2)
    found = meta_gradient(learner, part)["rates"]
    torch.testing.assert_close(found, differences(learner, part, "rates"), rtol=1e-4, atol=1e-7)


# -- all -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["anil", "mamlpp", "metasgd", "reptile"])
def test_batch_statistics_are_transductive(name: str) -> None:
    part, learner = episodes("images"), make(name, "images", norm="batch", filters=8)
    assert learner.transductive and not make(name, "images").transductive
    alone = answer(learner, with_queries(part, slice(0, 1)))
    assert float((answer(learner, part)[:, :1] - alone).abs().max()) > 1e-5


@pytest.fixture(scope="module")
def glyphs(bench_data: Path) -> PreparedSuite:
    return prepare(find_suite("glyphs-5w1s"), torch.device("cpu"), bench_data)


SMALL = {"flatten": False, "init": "small_head"}


@pytest.mark.parametrize(
    "name, steps, rate, options",
    [
        ("anil", 60, 5e-3, {"inner_lr": 1.0, "inner_steps": 3, "test_steps": 3}),
        ("metasgd", 60, 5e-3, {"inner_lr": 1.0}),
        ("reptile", 40, 1.0, SMALL | {"inner_optimizer": "sgd", "inner_lr": 0.3, "test_steps": 10}),
        ("mamlpp", 45, 5e-3, {"init": "small_head", "inner_lr": 0.5, "inner_steps": 2, "test_steps": 2}),
    ],
)
def test_it_learns_glyphs(glyphs: PreparedSuite, name: str, steps: int, rate: float, options: dict[str, Any]) -> None:
    """From under 45 % of new characters, chance and adaptation alone, to more than half in seconds of training.

    The heads that Reptile and MAML++ begin with adapt to about half untrained, which would leave little to see.
    """
    torch.manual_seed(0)
    learner_class = load(find_learner(name))
    learner = learner_class(glyphs.spec, resolve_options(learner_class, options | {"filters": 16})).train()
    learner.strategy = "vmap"
    learner.configure_optimizer(steps)
    kind = torch.optim.SGD if name == "reptile" else torch.optim.Adam
    optimizer, source = kind(learner.parameters(), lr=rate), glyphs.training(0)
    (test,) = glyphs.evaluation("test").batches(50, 50)
    before = accuracy(learner, test)
    for _ in range(steps):
        optimizer.zero_grad()
        learner.train_step(source.episodes(4, 5, 1, 5))
        optimizer.step()
    assert before < 0.45 and accuracy(learner, test) > 0.5


def accuracy(learner: bench.Learner, part: bench.Episodes) -> float:
    return float((answer(learner, part).argmax(-1) == part.query_y).float().mean())
