"""What a converter gives answers as the authors' own networks do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import bench
from baselines.converters.relnet import miniimagenet, omniglot
from baselines.relnet import RelationNet
from tests.catalogue.authors import MEAN, STD, random_networks

WAY, SHOT, QUERY, FILTERS = 5, 2, 3, 4


def their_logits(encoder: nn.Module, relation: nn.Module, inputs: Tensor, support: int) -> Tensor:
    """One episode, as their test script goes about it: concatenated pairs, normalised together. -> [Q, way]"""
    features = encoder(inputs)
    classes = features[:support].unflatten(0, (WAY, SHOT)).sum(1)
    queries = features[support:]
    left = classes.unsqueeze(0).repeat(len(queries), 1, 1, 1, 1)
    right = queries.unsqueeze(0).repeat(WAY, 1, 1, 1, 1).transpose(0, 1)
    return relation(torch.cat((left, right), 2).flatten(0, 1)).view(-1, WAY)


@pytest.mark.parametrize(
    ("convert", "shape", "inputs", "padding"),
    [(omniglot, (1, 28, 28), FILTERS, 1), (miniimagenet, (3, 46, 46), FILTERS, 0)],
)
def test_relnet_answers_as_the_authors_networks(
    convert: object, shape: tuple[int, int, int], inputs: int, padding: int
) -> None:
    encoder, relation = random_networks(shape[0], FILTERS, inputs, padding)
    assert callable(convert)
    learner = RelationNet(bench.ImageSpec(WAY, SHOT, QUERY, shape), RelationNet.Options(norm="batch", filters=FILTERS))
    learner.load_state_dict(convert(encoder.state_dict(), relation.state_dict()))  # every name, and no other one
    images = torch.rand(WAY * (SHOT + QUERY), *shape, generator=torch.Generator().manual_seed(1))
    theirs = 1 - images if convert is omniglot else images  # ink is dark in their Omniglot
    labels = torch.arange(WAY).repeat_interleave(SHOT)
    support = len(labels)
    with torch.no_grad():
        expected = their_logits(encoder.double(), relation.double(), (theirs.double() - MEAN) / STD, support)
        learner.double().eval()
        found = learner.predict(images.double()[None, :support], labels[None], images.double()[None, support:])
    assert isinstance(found, Tensor) and expected.std() > 1e-2
    torch.testing.assert_close(found[0], expected, rtol=1e-5, atol=1e-5)
