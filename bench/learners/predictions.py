"""What a learner may answer: logits, or the plain parameters of a predictive distribution.

The harness computes every metric from these and keeps the query labels to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.errors import BenchError


class PredictionError(BenchError):
    """A prediction of the wrong type, shape or domain: the run fails, with the reason in its record."""


class Unrankable(PredictionError):
    """A prediction that is as promised, and lacks what the suite ranks: the learner is not for this suite."""


@dataclass(frozen=True)
class Point:
    """A point prediction. mean: [B, Q, dy]."""

    mean: Tensor


@dataclass(frozen=True)
class Gaussian:
    """Independent Gaussians. mean, std: [B, Q, dy], std > 0."""

    mean: Tensor
    std: Tensor


@dataclass(frozen=True)
class GaussianMixture:
    """Equally weighted samples of a latent variable, each with independent Gaussians: mean, std [S, B, Q, dy].

    Gives a marginal log-likelihood (mixed per point) and a joint one (mixed per episode): different metrics.
    """

    mean: Tensor
    std: Tensor


@dataclass(frozen=True)
class MultivariateGaussian:
    """Correlated query values, dy = 1. mean: [B, Q, 1], cov: [B, Q, Q] symmetric positive definite."""

    mean: Tensor
    cov: Tensor


Prediction = Tensor | Point | Gaussian | GaussianMixture | MultivariateGaussian
Answer = Prediction | Mapping[str, Prediction]


def named(answer: Answer) -> dict[str, Prediction]:
    """The answer as a mapping with the key "final", which is ranked; other keys become further metrics."""
    if not isinstance(answer, Mapping):
        return {"final": answer}
    if "final" not in answer:
        raise PredictionError(
            f"A dict of predictions needs the key 'final' (it is ranked); found {sorted(answer)}.",
            "Return {'final': ..., 'mse@step1': ...}.",
        )
    return dict(answer)


def validate(name: str, prediction: object, query_y: Tensor, way: int) -> None:
    """Check type, shape and domain of one prediction; non-finite values are left to the scoring.

    query_y : labels [B, Q] if way > 0, else targets [B, Q, dy].
    Raises PredictionError saying what was expected and found.
    """
    if way:
        _shape(name, "logits", prediction, (*query_y.shape, way))
        return
    shape = tuple(query_y.shape)
    match prediction:
        case Point(mean):
            _shape(name, "mean", mean, shape)
        case Gaussian(mean, std):
            _shape(name, "mean", mean, shape)
            _shape(name, "std", std, shape)
            _positive(name, std)
        case GaussianMixture(mean, std):
            samples = _samples(name, mean, shape)
            _shape(name, "mean", mean, (samples, *shape))
            _shape(name, "std", std, (samples, *shape))
            _positive(name, std)
        case MultivariateGaussian(mean, cov):
            _shape(name, "mean", mean, (*shape[:2], 1))
            _shape(name, "cov", cov, (*shape[:2], shape[1]))
            _positive(name, torch.diagonal(cov, dim1=1, dim2=2))
        case _:
            raise PredictionError(
                f"Prediction {name!r}: expected bench.Point, Gaussian, GaussianMixture or MultivariateGaussian, "
                f"found {type(prediction).__name__}.",
                "See the adapter contract: bench.Learner.predict.",
            )


def _shape(name: str, part: str, found: object, expected: tuple[int, ...]) -> None:
    if not isinstance(found, Tensor):
        raise PredictionError(
            f"Prediction {name!r}: expected {part} as a tensor of shape {list(expected)}, found {type(found).__name__}",
            "Logits for classification, bench.Gaussian or bench.Point for regression.",
        )
    if tuple(found.shape) != expected:
        raise PredictionError(
            f"Prediction {name!r}: expected {part} of shape {list(expected)}, found {list(found.shape)}.",
            "predict() is batched over episodes: [B, Q, ...] for B episodes of Q queries.",
        )


def _samples(name: str, mean: object, shape: tuple[int, ...]) -> int:
    """Length of a mixture's leading dimension."""
    samples = len(mean) if isinstance(mean, Tensor) and mean.ndim else 0
    if not samples:
        found = list(mean.shape) if isinstance(mean, Tensor) else type(mean).__name__
        raise PredictionError(
            f"Prediction {name!r}: expected mean of shape [samples, {', '.join(map(str, shape))}] with at least one "
            f"sample, found {found}.",
            "A mixture has a leading dimension of samples; use bench.Gaussian where there is none.",
        )
    return samples


def _positive(name: str, std: Tensor) -> None:
    if bool((std <= 0).any()):
        raise PredictionError(
            f"Prediction {name!r}: standard deviations must be positive, found {float(std.min()):g}.",
            "Bound them from below, e.g. 0.1 + 0.9 * softplus(raw).",
        )
