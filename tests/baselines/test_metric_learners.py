"""ProtoNet, RelationNet, nearest centroid and chance against loops over plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.relnet import RelationNet
from bench.domains.images.scoring import score_images
from bench.tasks.registry import find_suite
from tests.baselines.material import answer, episodes, make
from tests.streams import frozen_stream


def nearest_mean_logits(support: np.ndarray, labels: np.ndarray, query: np.ndarray, way: int) -> np.ndarray:
    """Minus the squared distance to each class mean, one episode: [S, D], [S], [Q, D] -> [Q, way]."""
    logits = np.empty((len(query), way))
    for label in range(way):
        mean = np.mean([z for z, y in zip(support, labels, strict=True) if y == label], axis=0)
        for q, z in enumerate(query):
            logits[q, label] = -sum((z - mean) ** 2)
    return logits


def shuffled_support(b: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Support and queries whose support labels are not in order."""
    part = episodes("images", b=b)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(7))
    return part.support_x[:, order], part.support_y[:, order], part.query_x


def test_prototypes_against_a_loop() -> None:
    learner, (x, y, q) = make("protonet", "images", backbone="conv4-32"), shuffled_support()
    with torch.no_grad():
        found = learner.predict(x, y, q)
        for b in range(2):
            support, query = (learner.embed(part[b]).numpy() for part in (x, q))
            np.testing.assert_allclose(
                found[b].numpy(), nearest_mean_logits(support, y[b].numpy(), query, 5), rtol=1e-8, atol=1e-8
            )


def test_nearest_centroid_against_a_loop_over_pixels() -> None:
    x, y, q = shuffled_support()
    found = make("nearest_centroid", "images").predict(x, y, q)
    for b in range(2):
        expected = nearest_mean_logits(x[b].flatten(1).numpy(), y[b].numpy(), q[b].flatten(1).numpy(), 5)
        np.testing.assert_allclose(found[b].numpy(), expected, rtol=1e-9)


def test_chance_is_exactly_one_in_way() -> None:
    suite = find_suite("glyphs-5w1s")
    part = episodes("images", b=6)
    labelled = type(part)(
        part.support_x, part.support_y, part.query_x, part.query_y, 0, 5, classes=np.zeros((6, 5), np.int64)
    )
    assert score_images(labelled, answer(make("chance", "images"), part))["score"].tolist() == [0.2] * 6
    assert frozen_stream(suite, "test").block(0, 50).query_y.tolist()  # real episodes are balanced, see tests/tasks


def test_chance_on_functions_is_the_spread_of_the_support() -> None:
    part = episodes("sinusoid")
    found = answer(make("chance", "sinusoid"), part)
    y = part.support_y.numpy()
    np.testing.assert_allclose(found.mean[:, 0], y.mean(1), rtol=1e-12)
    np.testing.assert_allclose(found.std[:, 4], y.std(1, ddof=1), rtol=1e-12)


@pytest.mark.parametrize("task", ["images", "colour"])
def test_the_split_relation_convolution_is_the_convolution_of_the_concatenation(task: str) -> None:
    """The published form: support sums and queries concatenated pair by pair, one convolution over twice the maps."""
    learner: RelationNet = make("relnet", task, filters=8)
    part = episodes(task, b=2)
    joint = nn.Conv2d(16, 8, 3, padding=1, bias=False).double()
    with torch.no_grad():
        joint.weight.copy_(torch.cat([learner.of_support.weight, learner.of_query.weight], dim=1))
        found = answer(learner, part)
        for b in range(2):
            support, query = learner.embed(part.support_x[b]), learner.embed(part.query_x[b])
            sums = torch.stack([support[part.support_y[b] == label].sum(0) for label in range(part.way)])
            for q, z in enumerate(query):
                pairs = torch.stack([torch.cat([s, z]) for s in sums])
                torch.testing.assert_close(found[b, q], learner.score(learner.pair(joint(pairs)))[:, 0])
