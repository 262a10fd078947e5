"""RelationNet's declared forms: losses, initial weights, clipping of each network, mirrored images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.relnet import RelationNet
from tests.baselines.material import SPECS, answer, episodes, make


def test_the_relation_loss_is_the_squared_error_of_scores() -> None:
    learner, part = make("relnet", "images", filters=8), episodes("images", b=2)
    scores = 1 / (1 + np.exp(-answer(learner, part).numpy()))
    expected = ((scores - np.eye(5)[part.query_y.numpy()]) ** 2).mean()
    assert float(learner.loss(part).detach()) == pytest.approx(expected, rel=1e-6)


def test_cross_entropy_is_over_a_query_s_classes() -> None:
    learner, part = make("relnet", "images", filters=8, loss="cross_entropy"), episodes("images", b=2)
    odds = np.exp(answer(learner, part).numpy()).reshape(-1, 5)
    expected = -np.log([z[y] / z.sum() for z, y in zip(odds, part.query_y.flatten(), strict=True)]).mean()
    assert float(learner.loss(part).detach()) == pytest.approx(expected, rel=1e-9)


def test_the_authors_initial_weights() -> None:
    torch.manual_seed(0)
    learner = RelationNet(SPECS["images"], RelationNet.Options(init="he", hidden=64))  # more weights to measure
    convolutions = [m for m in learner.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 7, "six layers, the first relation one in two halves"
    for convolution in convolutions:
        weight = convolution.weight.detach()
        assert float(weight.std()) == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.1)
        assert abs(float(weight.mean())) < 0.1 * float(weight.std()) and float(weight.abs().max()) > 0.15, "normal"
    for linear in [m for m in learner.score if isinstance(m, nn.Linear)]:
        assert float(linear.weight.detach().std()) == pytest.approx(0.01, rel=0.3)
        assert bool((linear.bias == 1).all())
    for norm in [m for m in learner.modules() if isinstance(m, nn.BatchNorm2d)]:
        assert bool((norm.weight == 1).all()) and not norm.bias.any()


def test_the_default_initial_weights_are_pytorch_s() -> None:
    torch.manual_seed(0)
    learner = RelationNet(SPECS["images"], RelationNet.Options())
    torch.manual_seed(0)
    first = nn.Conv2d(1, 64, 3, padding=0, bias=False)
    assert torch.equal(learner.encoder[0][0].weight, first.weight)  # type: ignore[index]


def gradients(**options: Any) -> tuple[Tensor, Tensor]:
    """Of the encoder and of the relation network, flat, as a training step leaves them."""
    learner, part = make("relnet", "images", filters=8, **options), episodes("images", b=1)
    learner.train_step(part)
    found: dict[bool, list[Tensor]] = {True: [], False: []}
    for name, parameter in learner.named_parameters():
        found[name.startswith("encoder.")].append(parameter.grad.flatten())
    return torch.cat(found[True]), torch.cat(found[False])


def test_each_network_is_clipped_by_its_own_norm() -> None:
    plain = gradients()
    norms = [float(g.norm()) for g in plain]
    between = sum(norms) / 2
    for gradient, norm, clipped in zip(plain, norms, gradients(clip_each=between), strict=True):
        expected = gradient * min(1, between / norm)
        torch.testing.assert_close(clipped, expected, rtol=1e-4, atol=1e-9)
    assert min(norms) < between < max(norms), "one of them is clipped, the other is not"


def test_training_images_alone_are_mirrored() -> None:
    part = episodes("images", b=1)
    learner, plain = make("relnet", "images", filters=8, flip=True), make("relnet", "images", filters=8)
    torch.testing.assert_close(answer(learner, part), answer(plain, part), rtol=0, atol=0)
    torch.manual_seed(0)
    with torch.no_grad():
        assert not torch.equal(learner.train().embed(part.support_x[0]), plain.train().embed(part.support_x[0]))
