"""SNAIL's blocks against loops over one ordinary sequence per query, and that it learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from baselines.snail import SNAIL, Attention, TemporalConvolutions
from bench.runs.material import prepare
from bench.tasks.registry import find_suite
from tests.baselines.material import answer, episodes, make

SUPPORT, QUERIES, WIDTH = 6, 3, 5


def sequences() -> Tensor:
    """[1, S + Q, D]: one support part, three queries."""
    return torch.randn(1, SUPPORT + QUERIES, WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def of_query(h: Tensor, q: int) -> Tensor:
    """The ordinary sequence [S + 1, D] that ends with query q."""
    return torch.cat([h[0, :SUPPORT], h[0, SUPPORT + q : SUPPORT + q + 1]])


def attended(block: Attention, sequence: Tensor) -> Tensor:
    """Causal soft attention position by position."""
    rows = []
    for t, x in enumerate(sequence):
        past = sequence[: t + 1]
        weights = (block.key(past) @ block.query(x) / block.key.out_features**0.5).softmax(0)
        rows.append(torch.cat([x, weights @ block.value(past)]))
    return torch.stack(rows)


def convolved(block: TemporalConvolutions, sequence: Tensor) -> Tensor:
    """Dense blocks of gated causal convolutions over two positions, position by position."""
    for dilation, gated in zip(block.dilations, block.gated, strict=True):
        rows = []
        for t, x in enumerate(sequence):
            before = sequence[t - dilation] if t >= dilation else torch.zeros_like(x)
            activation, gate = gated(torch.cat([before, x])).chunk(2)
            rows.append(torch.cat([x, torch.tanh(activation) * torch.sigmoid(gate)]))
        sequence = torch.stack(rows)
    return sequence


def test_attention_reads_one_sequence_per_query() -> None:
    torch.manual_seed(0)
    block, h = Attention(WIDTH, 4, 3).double(), sequences()
    found = block(h, SUPPORT)
    for q in range(QUERIES):
        torch.testing.assert_close(of_query(found, q), attended(block, of_query(h, q)))


def test_temporal_convolutions_read_one_sequence_per_query() -> None:
    torch.manual_seed(0)
    block, h = TemporalConvolutions(WIDTH, SUPPORT + 1, 4).double(), sequences()
    assert block.dilations == [1, 2, 4], "together they reach from a query to the first support position"
    found = block(h, SUPPORT)
    assert found.shape == (1, SUPPORT + QUERIES, block.n_out)
    for q in range(QUERIES):
        torch.testing.assert_close(of_query(found, q), convolved(block, of_query(h, q)))


def test_the_support_order_is_shuffled_in_training_and_fixed_in_evaluation() -> None:
    learner, part = make("snail", "images"), episodes("images")
    torch.testing.assert_close(answer(learner, part), answer(learner, part), rtol=0, atol=0)
    z = torch.randn(2, 10, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = part.support_y[:2]
    learner.train()
    with torch.no_grad():
        first, again = (learner.classify(z, labels, z[:, :3]) for _ in range(2))
    assert not torch.allclose(first, again)


@pytest.mark.slow  # a minute: it stays at chance for the first hundred steps
def test_it_learns_glyphs(bench_data: Path) -> None:
    torch.manual_seed(0)
    material = prepare(find_suite("glyphs-5w1s"), torch.device("cpu"), bench_data)
    learner, source = SNAIL(material.spec, SNAIL.Options()).train(), material.training(0)
    optimizer = torch.optim.Adam(learner.parameters(), lr=1e-3)
    for _ in range(300):
        optimizer.zero_grad()
        learner.train_step(source.episodes(8, 5, 1, 5))
        optimizer.step()
    (test,) = material.evaluation("test").batches(40, 40)
    score = float((answer(learner.eval(), test).argmax(-1) == test.query_y).float().mean())
    assert score > 0.45, "chance is .2"
