"""ConvCNP against a plain formulation: torch's 1-D convolutions, weights point by point, all gradients by autograd."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.cnp import log_density
from tests.baselines.material import answer, episodes, make

PAPER = {"activation": "sigmoid", "length_scales": "channel", "min_std": 0.0}


def sums(log_length: Tensor, at: Tensor, x: Tensor, values: Tensor) -> Tensor:
    """exp(-d^2 / 2 l^2) of every pair, channel by channel."""
    distances = at - x.transpose(1, 2)
    lengths = log_length.exp().expand(values.shape[-1])
    found = [torch.exp(-0.5 * (distances / lengths[d]) ** 2) @ values[..., d : d + 1] for d in range(len(lengths))]
    return torch.cat(found, dim=-1)


def network(learner: Any, h: Tensor) -> Tensor:
    h, skips = h.transpose(1, 2), []
    for layer in learner.network.down:
        skips.append(h)
        h = F.relu(layer(h))
    for layer in learner.network.up:
        h = torch.cat([F.relu(layer(h)), skips.pop()], dim=1)
    return h.transpose(1, 2)


def plain(learner: Any, x: Tensor, y: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of every target."""
    options = learner.options
    middle = (x.amin(1, keepdim=True) + x.amax(1, keepdim=True)) / 2
    grid = (torch.arange(learner.cells, dtype=x.dtype) - (learner.cells - 1) / 2) / options.density
    grid = grid[None, :, None].expand(len(x), -1, -1)
    laid = sums(learner.to_grid.log_length, grid, x - middle, torch.cat([torch.ones_like(y), y], -1))
    h = learner.lift(torch.cat([laid[..., :1], laid[..., 1:] / (laid[..., :1] + 1e-8)], -1))
    h = network(learner, F.relu(h) if options.activation == "relu" else h.sigmoid())
    mean = learner.head(sums(learner.from_grid.log_length, q - middle, grid, h))
    if learner.apart:
        raw = learner.std_head(sums(learner.std_from_grid.log_length, q - middle, grid, h))
    else:
        mean, raw = mean[..., :1], mean[..., 1:]
    return mean, options.min_std + (1 - options.min_std) * F.softplus(raw)


@pytest.mark.parametrize("options", [{}, PAPER], ids=["fast", "paper"])
def test_answers_and_gradients_are_those_of_the_plain_formulation(options: dict[str, Any]) -> None:
    learner, part = make("convcnp", "gp-rbf", **options), episodes("gp-rbf")
    mean, std = plain(learner, part.support_x, part.support_y, part.query_x)
    found = answer(learner, part)
    torch.testing.assert_close(found.mean, mean.detach(), rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(found.std, std.detach(), rtol=1e-9, atol=1e-11)

    names, weights = zip(*learner.named_parameters(), strict=True)
    loss = -torch.distributions.Normal(mean, std).log_prob(part.query_y).mean()  # type: ignore[no-untyped-call]  # torch's
    expected = torch.autograd.grad(loss, weights)
    loss = -log_density(learner.predict(part.support_x, part.support_y, part.query_x), part.query_y).mean()
    for name, a, b in zip(names, torch.autograd.grad(loss, weights), expected, strict=True):
        assert b.abs().max() > 0, name
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-12, msg=lambda m, name=name: f"{name}: {m}")


def test_weights_of_any_length_scale_are_finite_and_have_finite_gradients() -> None:
    """Far shorter than the grid's step and far longer than the grid; targets that the grid does not reach."""
    learner, part = make("convcnp", "gp-rbf").float(), episodes("gp-rbf")
    for log_length in (-12.0, -3.5, 5.0):
        learner.zero_grad()
        with torch.no_grad():
            learner.to_grid.log_length.fill_(log_length)
            learner.from_grid.log_length.fill_(log_length)
        x, y, q = part.support_x.float(), part.support_y.float(), part.query_x.float() + 3
        log_density(learner.predict(x, y, q), part.query_y.float()).mean().backward()
        assert all(torch.isfinite(p.grad).all() for p in learner.parameters())
