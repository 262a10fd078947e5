"""Do two answers to the same question agree, as far as rounding lets one tell?

A question that is asked in other company takes other paths through the arithmetic, so that last bits differ; a learner
that computes in half precision, or whose logits are huge, may differ by much more than that. A learner that looks at
what it must not know changes decisions that were clear, or moves its answers altogether.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bench.checks.answers import Answers
from bench.training.precision import Precision

MARGIN = 0.1  # in probability: decisions closer than that are not clear
MOVED = 0.05  # of the spread of an answer: what rounding explains moves less
SHARE = 0.01  # of the numbers compared: so many may differ
_LOGITS = "final.logits"
_ROUNDINGS = 8  # a decision is clear where it stands out from so many of them
_EPSILON: dict[Precision, float] = {"fp32": 2.0**-23, "tf32": 2.0**-10, "bf16": 2.0**-7}
_RELATIVE: dict[Precision, float] = {"fp32": 0.01, "tf32": 0.03, "bf16": 0.1}


@dataclass(frozen=True)
class Agreement:
    """How many numbers were compared, how many differ, and the largest relative difference; sums add up."""

    compared: int = 0
    differing: int = 0
    largest: float = 0.0

    def __add__(self, other: Agreement) -> Agreement:
        largest = max(self.largest, other.largest)
        return Agreement(self.compared + other.compared, self.differing + other.differing, largest)

    def __str__(self) -> str:
        return f"{self.differing:,} of {self.compared:,} answers differ, by {self.largest:.2g} of their spread at most"

    @property
    def holds(self) -> bool:
        return self.differing <= SHARE * self.compared or self.differing < 2


def agreement(expected: Answers, found: Answers, whole: Answers, precision: Precision, acts: bool = False) -> Agreement:
    """Of two answers to the same queries, or of logits at the same steps of the same trials (`acts`).

    whole : answers to all queries of these episodes, whose spread is the scale of values
    """
    if expected.keys() != found.keys() or any(expected[name].shape != found[name].shape for name in expected):
        return Agreement(2, 2, float("inf"))
    if _LOGITS not in expected:
        each = (_values(expected[name], found[name], whole[name], precision) for name in expected)
        return sum(each, Agreement())
    return (_steps if acts else _decisions)(expected[_LOGITS].double(), found[_LOGITS].double(), precision)


def _decisions(expected: Tensor, found: Tensor, precision: Precision) -> Agreement:
    """Clear decisions that came out otherwise; and answers that moved as a whole, whatever was decided."""
    explained = _explained(expected, precision)
    best, top = expected.softmax(-1).topk(2, dim=-1), expected.topk(2, dim=-1).values
    clear = (best.values[..., 0] - best.values[..., 1] > MARGIN) & (top[..., 0] - top[..., 1] > explained)
    flipped = clear & (best.indices[..., 0] != found.argmax(-1))
    moved = _moved(expected, found, explained)
    if float(moved.median()) > MOVED:
        return Agreement(moved.numel(), int((moved > MOVED).sum()), float(moved.max()))
    return Agreement(int(clear.sum()), int(flipped.sum()), float(moved.max()))


def _steps(expected: Tensor, found: Tensor, precision: Precision) -> Agreement:
    """Steps at which the policy is another: total variation between softmaxes."""
    variation = (expected.softmax(-1) - found.softmax(-1)).abs().sum(-1) / 2
    beyond = (expected - found).abs().amax(-1) > _explained(expected, precision)
    different = (variation > MOVED) & beyond
    return Agreement(variation.numel(), int(different.sum()), float(variation.max()))


def _values(expected: Tensor, found: Tensor, whole: Tensor, precision: Precision) -> Agreement:
    """Values that lie apart, relative to the spread of all values of their episode."""
    a, b, all_values = (value.double().reshape(len(value), -1) for value in (expected, found, whole))
    spread = (all_values - all_values.mean(1, keepdim=True)).abs().amax(1, keepdim=True)
    scale = torch.maximum(spread, 1e-3 * all_values.abs().amax(1, keepdim=True)).clamp_min(1e-30)
    apart = (a - b).abs() / scale
    apart = torch.where(torch.isfinite(apart), apart, torch.inf)
    return Agreement(apart.numel(), int((apart > _RELATIVE[precision]).sum()), float(apart.max()))


def _moved(expected: Tensor, found: Tensor, explained: Tensor) -> Tensor:
    """How far the logits of each query moved against each other, over their spread; 0 where rounding explains it."""
    a, b = (value - value.mean(-1, keepdim=True) for value in (expected, found))
    spread = a.abs().amax(-1).clamp_min(1e-30)
    difference = (a - b).abs().amax(-1)
    moved = torch.where(difference > explained, difference / spread, 0.0)
    return torch.where(torch.isfinite(moved), moved, torch.inf)


def _explained(logits: Tensor, precision: Precision) -> Tensor:
    """What rounding may move logits by, for each query or step: a few roundings of the run's precision, or of the
    coarser one that the logits show."""
    coarse = {torch.bfloat16: 2.0**-7, torch.float16: 2.0**-10}
    shown = [eps for dtype, eps in coarse.items() if torch.equal(logits, logits.to(dtype).double())]
    epsilon = max([_EPSILON[precision], *shown]) if not torch.equal(logits, logits.round()) else _EPSILON[precision]
    return _ROUNDINGS * epsilon * logits.abs().amax(-1)
