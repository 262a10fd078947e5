"""Answers as plain tensors, and how far two of them lie apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.checks.result import Finding, NotApplicable
from bench.learners.predictions import Gaussian, GaussianMixture, MultivariateGaussian, Point, Prediction

Answers = dict[str, Tensor]  # "final.mean" and the like: [B, Q, ...], a covariance [B, Q, Q]

EXACT = 1e-6  # relative difference in float64, where the baselines round below 1e-8
ROUNDED = 1e-3  # in float32: relative difference of regression and embeddings, margin of a clear decision
_LOGITS, _COV = ".logits", ".cov"


def flat(predictions: Mapping[str, Prediction]) -> Answers:
    """Every tensor of every named prediction, episodes and queries leading."""
    return {name + part: value for name, found in predictions.items() for part, value in _parts(found).items()}


def take(answers: Answers, queries: Tensor) -> Answers:
    """The part of the answers that belongs to some queries, int64 [n]."""
    return {
        name: value[:, queries][:, :, queries] if name.endswith(_COV) else value[:, queries]
        for name, value in answers.items()
    }


@dataclass(frozen=True)
class Gap:
    """How far two answers lie apart.

    relative : largest difference over the spread of the expected values
    clear, flipped : decisions with a margin above 1e-3 in probability, and how many of them came out otherwise; None
        for regression
    """

    relative: float
    clear: int | None = None
    flipped: int = 0


def gap(expected: Answers, found: Answers) -> Gap:
    """Raises NotApplicable where there is no finite number to compare."""
    if expected.keys() != found.keys():
        return Gap(math.inf)
    relative = max(distance(expected[name], found[name]) for name in expected)
    logits = expected.get(f"final{_LOGITS}")
    if logits is None or found[f"final{_LOGITS}"].shape != logits.shape:
        return Gap(relative)
    best = logits.softmax(-1).topk(2, dim=-1)
    clear = best.values[..., 0] - best.values[..., 1] > ROUNDED
    flipped = clear & (best.indices[..., 0] != found[f"final{_LOGITS}"].argmax(-1))
    return Gap(relative, int(clear.sum()), int(flipped.sum()))


def distance(expected: Tensor, found: Tensor) -> float:
    """Largest difference over the spread of `expected`; infinite where shapes differ or only one is finite.

    Not over the largest value: a leak must not hide behind an offset that all logits share. The floor of the spread
    keeps the rounding of constant answers, at most 1e-15 of their size, far below the limit.
    """
    if expected.shape != found.shape:
        return math.inf
    finite = torch.isfinite(expected)
    if not bool(finite.any()):
        raise NotApplicable("no finite answer to compare, see shapes_and_finiteness")
    if not torch.equal(finite, torch.isfinite(found)):
        return math.inf
    values, others = expected[finite].double(), found[finite].double()
    spread = max(float((values - values.mean()).abs().max()), 1e-6 * float(values.abs().max()), 1e-30)
    return float((values - others).abs().max()) / spread


def verdict(gaps: list[Gap], exact: bool) -> Finding:
    """Do all these pairs of answers agree, in float64 (`exact`) or in float32?"""
    relative = max(gap.relative for gap in gaps)
    if exact:
        return Finding(relative <= EXACT, f"relative difference {relative:.1e}", relative, EXACT)
    if any(gap.clear is None for gap in gaps):
        return Finding(relative <= ROUNDED, f"float32: relative difference {relative:.1e}", relative, ROUNDED)
    flipped, clear = sum(gap.flipped for gap in gaps), sum(gap.clear or 0 for gap in gaps)
    detail = f"float32: {flipped} of {clear} clear decisions differ, relative difference {relative:.1e}"
    return Finding(flipped == 0, detail, flipped, 0)


def _parts(prediction: Prediction) -> Answers:
    match prediction:
        case Tensor():
            return {_LOGITS: prediction}
        case Point(mean):
            return {".mean": mean}
        case Gaussian(mean, std):
            return {".mean": mean, ".std": std}
        case GaussianMixture(mean, std):  # samples last: episodes and queries lead everywhere
            return {".mean": mean.movedim(0, -1), ".std": std.movedim(0, -1)}
        case MultivariateGaussian(mean, cov):
            return {".mean": mean, _COV: cov}
