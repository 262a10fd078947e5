"""Loop, vmap and compiled give the same meta-gradient."""

from __future__ import annotations

import os
import shutil

import pytest
import torch
from torch import Tensor
from torch.func import grad

import bench
from bench.learners.strategies import _keep_compiled

Weights = dict[str, Tensor]


def one_task(weights: Weights, x: Tensor, y: Tensor, query: Tensor, target: Tensor) -> Tensor:
    """A task with an inner gradient step, so that second derivatives count."""

    def error(w: Weights, inputs: Tensor, outputs: Tensor) -> Tensor:
        return ((torch.tanh(inputs @ w["a"]) @ w["b"] - outputs) ** 2).mean()

    inner = grad(error)(weights, x, y)
    return error({name: w - 0.1 * inner[name] for name, w in weights.items()}, query, target)


def setting() -> tuple[Weights, tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    weights = {"a": draw(2, 6).requires_grad_(), "b": draw(6, 1).requires_grad_()}
    return weights, (draw(5, 4, 2), draw(5, 4, 1), draw(5, 7, 2), draw(5, 7, 1))


def plain() -> tuple[Tensor, Weights]:
    """Reverse mode of the mean loss over a Python loop, without the library's code."""
    weights, tasks = setting()
    loss = torch.stack([one_task(weights, *task) for task in zip(*tasks, strict=True)]).mean()
    return loss.detach(), dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))


@pytest.mark.parametrize("strategy", ["loop", "vmap"])
def test_meta_gradients_agree(strategy: bench.Strategy) -> None:
    expected_loss, expected = plain()
    loss, gradient = bench.meta_gradient(one_task, *setting(), strategy)
    torch.testing.assert_close(loss, expected_loss, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-10)
    assert not any(value.requires_grad for value in (loss, *gradient.values()))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
@pytest.mark.filterwarnings("default")  # the compiler stack warns about itself
def test_the_compiled_meta_gradient_agrees() -> None:
    expected_loss, expected = plain()
    loss, gradient = bench.meta_gradient(one_task, *setting(), "compiled")
    torch.testing.assert_close(loss, expected_loss, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(dict(gradient), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("cache", "own", "expected"),
    [("here", None, "here/compiled"), ("here", "elsewhere", "elsewhere"), ("off", None, None)],
)
def test_compiled_code_is_kept_with_what_bench_remembers(
    cache: str, own: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", cache)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", own or "")
    if own is None:  # set before, so that whatever is there at the end is undone
        monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    _keep_compiled()
    assert os.environ.get("TORCHINDUCTOR_CACHE_DIR") == expected


@pytest.mark.parametrize("strategy", ["loop", "vmap"])
def test_tasks_are_mapped_in_order(strategy: bench.Strategy) -> None:
    a, b = torch.arange(6.0).reshape(3, 2), torch.arange(3.0)
    torch.testing.assert_close(bench.map_tasks(lambda x, y: x * y, (a, b), strategy), a * b[:, None])
    found = bench.map_tasks(lambda x, y: {"sum": x + y, "y": y}, (a, b), strategy)
    torch.testing.assert_close(found["sum"], a + b[:, None])
    torch.testing.assert_close(found["y"], b)
