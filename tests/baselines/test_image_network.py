"""The optimisation family's image network in every form, against torch's own layers and formulas."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import bench
from baselines.maml import MAML, ConvNet
from tests.baselines.material import SPECS, answer, episodes, make
from tests.baselines.test_maml import draw
from tests.baselines.test_optimization import differences, meta_gradient


def network(task: str, **options: Any) -> ConvNet:
    torch.manual_seed(0)
    return ConvNet(SPECS[task], MAML.Options(**options)).double()


def by_layers(net: ConvNet, images: Tensor, pool: bool, leaky: bool, flatten: bool) -> Tensor:
    """What `run` gives with all images in the statistics, by torch's layers on [M, C, H, W]."""
    h = images
    for block, (conv, shift) in enumerate(zip(net.convs, net.shifts, strict=True)):
        kernel = conv.reshape(3, 3, h.shape[1], -1).permute(3, 2, 0, 1)
        h = F.conv2d(h, kernel, stride=1 if pool else 2, padding=1)
        scale = net.scales[block] if len(net.scales) else None
        h = F.batch_norm(h, None, None, scale, shift, training=True, eps=1e-3)
        h = F.leaky_relu(h) if leaky else h.relu()
        h = F.max_pool2d(h, 2) if pool else h
    h = h.permute(0, 2, 3, 1).flatten(1) if pool or flatten else h.mean((2, 3))
    return net.head(h)  # type: ignore[no-any-return]  # torch's modules give Any


@pytest.mark.parametrize("pool, flatten", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("scale, activation", [(False, "relu"), (True, "leaky_relu")])
@pytest.mark.parametrize("task", ["images", "colour"])
def test_the_network_is_convolution_batch_norm_activation_and_head(
    task: str, pool: bool, flatten: bool, scale: bool, activation: str
) -> None:
    net = network(task, filters=6, pool=pool, flatten=flatten, scale=scale, activation=activation)
    with torch.no_grad():
        for index, parameter in enumerate(net.parameters()):  # scales of both signs, too
            parameter.add_(draw(*parameter.shape, seed=index))
        images = draw(7, *SPECS[task].x_shape)
        found = net.run(dict(net.named_parameters()), images, 7)
        torch.testing.assert_close(found, by_layers(net, images, pool, activation == "leaky_relu", flatten))


@pytest.mark.parametrize("size, cells", [((1, 28, 28), 4), ((3, 32, 32), 4), ((3, 84, 84), 36)])
def test_a_flat_strided_head_sees_every_cell(size: tuple[int, int, int], cells: int) -> None:
    net = ConvNet(bench.ImageSpec(5, 1, 1, size), MAML.Options(filters=2, flatten=True))
    assert net.head.in_features == 2 * cells
    assert net.run(dict(net.named_parameters()), torch.rand(3, *size), 3).shape == (3, 5)


@pytest.mark.parametrize(
    "init, head, counted",
    [("small_head", 0.01, 1), ("normal_head", 1.0, 9), ("xavier", math.sqrt(2 / (64 * 4 + 5)), 9)],
)
def test_initial_weights_have_the_stated_spread(init: str, head: float, counted: int) -> None:
    """counted : how often an output of a 3x3 convolution counts in Xavier's fans."""
    net = network("images", init=init, flatten=True)
    assert float(net.head.weight.std().detach()) == pytest.approx(head, rel=0.1)
    assert not net.head.bias.any()
    for block, weight in enumerate(net.convs):
        fans = 9 * (1 if block == 0 else 64) + counted * 64
        assert float(weight.std().detach()) == pytest.approx(math.sqrt(2 / fans), rel=0.1)
        assert float(weight.detach().abs().max()) <= math.sqrt(6 / fans) + 1e-7, "uniform"


def test_a_scale_is_meta_learned_but_not_adapted() -> None:
    learner, part = make("maml", "colour", filters=4, scale=True, inner_lr=0.5), episodes("colour", b=1)
    weights = dict(learner.net.named_parameters())
    adapted = learner.inner_step(weights, part.support_x[0], part.support_y[0])
    assert all(torch.equal(weights[f"scales.{block}"], adapted[f"scales.{block}"]) for block in range(4))
    found = meta_gradient(learner, part)["scales.3"]
    torch.testing.assert_close(found, differences(learner, part, "scales.3"), rtol=1e-4, atol=1e-7)
    assert float(found.abs().max()) > 1e-5


@pytest.mark.parametrize("options", [{"pool": True}, {"flatten": True}, {"activation": "leaky_relu"}])
@pytest.mark.parametrize("norm", ["support", "batch"])
def test_anil_has_the_same_network(options: dict[str, Any], norm: str) -> None:
    """With negative scales: a maximum of scaled values is not the scaled maximum."""
    options = options | {"scale": True, "filters": 6, "inner_lr": 0.2, "norm": norm}
    part, anil, maml = episodes("colour"), make("anil", "colour", **options), make("maml", "colour", **options)
    with torch.no_grad():
        for scale in anil.net.scales:
            scale[::2] *= -1
    maml.load_state_dict(anil.state_dict())
    maml.net.adapted = frozenset({"head.weight", "head.bias"})
    torch.testing.assert_close(answer(anil, part), answer(maml, part), rtol=1e-9, atol=1e-11)


def test_mamlpp_has_a_scale_for_every_step() -> None:
    learner = make("mamlpp", "colour", filters=4, inner_steps=2, inner_lr=0.3)
    part = episodes("colour", b=2)
    weights = dict(learner.net.named_parameters())
    assert learner.net.scales[0].shape == (2, 4) and learner.net.activation is F.leaky_relu
    assert torch.equal(learner.of_step(weights, 1)["scales.2"], weights["scales.2"][1])
    found = meta_gradient(learner, part)["scales.3"]
    torch.testing.assert_close(found, differences(learner, part, "scales.3"), rtol=1e-4, atol=1e-7)


def test_reptile_s_network_is_its_authors_and_all_of_it_moves() -> None:
    learner, part = make("reptile", "images", filters=4, inner_batch=5), episodes("images", b=1)
    assert learner.net.head.in_features == 16 and len(learner.net.scales) == 4
    assert all(gradient.any() for gradient in meta_gradient(learner, part).values())
