"""The ways in which an audited pair of episodes is asked again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from bench.checks.answers import Answers, take
from bench.domains.episodes import Episodes, with_queries
from bench.domains.tensors import together
from bench.philox import words
from bench.tasks.draws import permutations

ALONE = 4  # queries of a pair that are asked alone

Ask = Callable[[Any], Answers]
Pair = tuple[Answers, Answers]  # expected and found, of the same queries


def queries_alone(ask: Ask, part: Episodes, expected: Answers, drawn: tuple[str | int, ...]) -> Iterator[Pair]:
    """A few queries, each without the others."""
    return _grouped(ask, part, expected, list(_shuffled(part, drawn)[:ALONE, None]))


def queries_in_groups(ask: Ask, part: Episodes, expected: Answers, drawn: tuple[str | int, ...]) -> Iterator[Pair]:
    """Two groups of queries, of a size drawn by chance."""
    order = _shuffled(part, drawn)
    half = len(order) // 2
    size = 1 + int(words((*drawn, "size"), 0, 1, 1)[0, 0]) % max(half, 1)
    return _grouped(ask, part, expected, [order[:size], order[half : half + size]])


def queries_permuted(ask: Ask, part: Episodes, expected: Answers, drawn: tuple[str | int, ...]) -> Iterator[Pair]:
    """All queries in another order."""
    return _grouped(ask, part, expected, [_shuffled(part, drawn)])


def queries_replaced(ask: Ask, part: Episodes, expected: Answers, drawn: tuple[str | int, ...]) -> Iterator[Pair]:
    """Half of the queries among copies of the other episode's, as many as ever."""
    order = _shuffled(part, drawn)
    replaced, kept = order[: len(order) // 2], order[len(order) // 2 :].sort().values
    query_x = part.query_x.clone()
    query_x[:, replaced] = part.query_x.flip(0)[:, replaced]
    found = ask(dataclasses.replace(part, query_x=query_x))
    yield take(expected, kept), take(found, kept)


QUERY_CHECKS = (queries_alone, queries_in_groups, queries_permuted, queries_replaced)
FIXED_QUERY_CHECKS = (queries_permuted, queries_replaced)  # with as many queries as the suite asks


def _grouped(ask: Ask, part: Episodes, expected: Answers, groups: list[Tensor]) -> Iterator[Pair]:
    """Groups of queries of one size, int64 [n], all in one call: each is an episode of its own."""
    found, n = ask(together([with_queries(part, group) for group in groups])), len(part)
    for place, group in enumerate(groups):
        mine = {name: value[place * n : (place + 1) * n] for name, value in found.items()}
        yield take(expected, group), mine


def _shuffled(part: Episodes, drawn: tuple[str | int, ...]) -> Tensor:
    order = permutations(words(drawn, 0, 1, part.query_x.shape[1]))[0]
    return torch.from_numpy(order).to(part.query_x.device)
