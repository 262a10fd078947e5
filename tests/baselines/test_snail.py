"""SNAIL's blocks against one plain sequence per query, its causality, and that it learns."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.snail import SNAIL, Attention, TemporalConvolutions
from tests.baselines.material import SPECS, episodes

SUPPORT, QUERIES, WIDTH = 6, 4, 5


def fresh(task: str, **options: Any) -> SNAIL:
    """At its initial weights: perturbed ones saturate the gates."""
    torch.manual_seed(0)
    return SNAIL(SPECS[task], SNAIL.Options(**options)).double().eval()


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sequences(h: Tensor) -> list[Tensor]:
    """Every query behind the support set, as published: [S + Q, D] -> Q times [S + 1, D]."""
    return [torch.cat([h[:SUPPORT], query[None]]) for query in h[SUPPORT:]]


def attended(block: Attention, sequence: Tensor) -> Tensor:
    """Causal attention position by position: [T, D] -> [T, D + values]."""
    rows = []
    for t in range(len(sequence)):
        past = sequence[: t + 1]
        weights = torch.softmax(block.key(past) @ block.query(sequence[t]) / math.sqrt(block.key.out_features), dim=0)
        rows.append(torch.cat([sequence[t], weights @ block.value(past)]))
    return torch.stack(rows)


def convolved(block: TemporalConvolutions, sequence: Tensor) -> Tensor:
    """Gated causal convolutions with the library's dilated convolution: [T, D] -> [T, D + blocks * filters]."""
    h = sequence.T
    for i, layer in enumerate(block.gated):
        assert isinstance(layer, nn.Linear)
        kernel = layer.weight.view(-1, 2, len(h)).transpose(1, 2)  # [2 filters, D, 2 taps]
        activation, gate = F.conv1d(F.pad(h, (2**i, 0)), kernel, layer.bias, dilation=2**i).chunk(2)
        h = torch.cat([h, activation.tanh() * gate.sigmoid()])
    return h.T


def test_attention_is_that_of_one_causal_sequence_per_query() -> None:
    block, h = Attention(WIDTH, 3, 2).double(), draw(2, SUPPORT + QUERIES, WIDTH)
    found = block(h, SUPPORT)
    for b in range(2):
        for q, sequence in enumerate(sequences(h[b])):
            expected = attended(block, sequence)
            torch.testing.assert_close(found[b, :SUPPORT], expected[:SUPPORT])
            torch.testing.assert_close(found[b, SUPPORT + q], expected[SUPPORT])


def test_temporal_convolutions_are_those_of_one_causal_sequence_per_query() -> None:
    block, h = TemporalConvolutions(WIDTH, SUPPORT + 1, 3).double(), draw(2, SUPPORT + QUERIES, WIDTH)
    assert block.dilations == [1, 2, 4] and block.n_out == WIDTH + 9
    found = block(h, SUPPORT)
    for b in range(2):
        for q, sequence in enumerate(sequences(h[b])):
            expected = convolved(block, sequence)
            torch.testing.assert_close(found[b, :SUPPORT], expected[:SUPPORT])
            torch.testing.assert_close(found[b, SUPPORT + q], expected[SUPPORT])


def test_a_query_depends_on_every_support_image_and_on_no_other_query() -> None:
    learner, part = fresh("images"), episodes("images", b=1)
    z, query = draw(1, 10, 64).requires_grad_(), draw(1, 15, 64, seed=1).requires_grad_()

    first_query = learner.classify(z, part.support_y, query)[0, 0]
    of_support, of_query = torch.autograd.grad(first_query[1], (z, query))
    assert (of_support.abs().sum(-1) > 0).all()
    assert of_query[0, 0].abs().sum() > 0 and not of_query[0, 1:].any()


def test_labels_enter_as_one_hot_vectors_behind_the_embedding() -> None:
    learner, part = fresh("images"), episodes("images", b=1)
    swapped = (part.support_y + 1) % 5
    with torch.no_grad():
        z, query = learner.embed(part.support_x[0])[None], learner.embed(part.query_x[0])[None]
        order = learner.noise("order", (10,)).argsort()
        for labels in (part.support_y, swapped):
            one_hot = torch.eye(5, dtype=z.dtype)[labels[0, order]]
            support = torch.cat([z[0, order], one_hot], dim=1)
            h = torch.cat([support, torch.cat([query[0, 2], torch.zeros(5)])[None]])
            for block in learner.blocks:
                h = (
                    attended(block, h)
                    if isinstance(block, Attention)
                    else convolved(cast(TemporalConvolutions, block), h)
                )
            found = learner.classify(z, labels, query)[0, 2]
            torch.testing.assert_close(found, learner.head(h[-1]), rtol=1e-6, atol=1e-9)


def test_training_shuffles_the_support_set_and_evaluation_keeps_one_order() -> None:
    learner, part = fresh("images"), episodes("images", b=2)
    z, query = draw(2, 10, 64), draw(2, 3, 64, seed=1)
    assert torch.equal(learner.classify(z, part.support_y, query), learner.classify(z, part.support_y, query))
    first = learner.train().classify(z, part.support_y, query)
    assert not torch.allclose(learner.classify(z, part.support_y, query), first)


def test_the_sequence_model_learns_to_match_vectors_to_classes() -> None:
    """Classes are random directions, queries noisy copies: guessing earns a third."""
    learner = fresh("colour", embedding=8, filters=16).float().train()
    optimizer = torch.optim.Adam([*learner.blocks.parameters(), *learner.head.parameters()], lr=3e-3)
    labels = torch.arange(3).expand(32, -1)

    def logits(seed: int) -> Tensor:
        classes = draw(32, 3, 8, seed=seed).float()
        found: Tensor = learner.classify(classes, labels, classes + 0.3 * draw(32, 3, 8, seed=seed + 10_000).float())
        return found

    for step in range(120):
        optimizer.zero_grad()
        F.cross_entropy(logits(step).flatten(0, 1), labels.flatten()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    learner.eval()
    with torch.no_grad():
        assert float((logits(5_000).argmax(-1) == labels).float().mean()) > 0.9
