"""From predictive distributions to one row per episode. The harness holds the targets; a learner never sees them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bench.domains.episodes import Episodes
from bench.domains.functions.task import FunctionTask, SinusoidTask, function_task
from bench.domains.predicting import validated
from bench.domains.sources import Columns
from bench.learners.predictions import (
    Answer,
    Gaussian,
    GaussianMixture,
    MultivariateGaussian,
    Point,
    Prediction,
    PredictionError,
    Unrankable,
)

if TYPE_CHECKING:
    from bench.tasks.suites import Suite


def score_functions(suite: Suite, episodes: Episodes, answer: Answer) -> Columns:
    """Score B episodes: a mapping of columns [B], "score" being the suite's ranked metric.

    An episode whose prediction is not finite scores the suite's floor (the prior predictive's error or log-likelihood)
    and is marked in "floored". Raises PredictionError for a wrong type, shape or domain.
    """
    predictions = validated(answer, episodes)
    target = episodes.query_y.double()
    floor = _floor(function_task(suite), episodes)
    columns: Columns = {}
    for name, prediction in predictions.items():
        measured = _measure(prediction, target)
        if name == "final":
            if suite.metric not in measured:
                raise Unrankable(
                    f"{suite.name} ranks the log-likelihood; expected bench.Gaussian, GaussianMixture or "
                    f"MultivariateGaussian, found {type(prediction).__name__}.",
                    "Predict a standard deviation as well.",
                )
            score = measured.pop(suite.metric)
            columns["floored"] = (~torch.isfinite(score)).cpu().numpy()
            columns["score"] = _floored(score, floor[suite.metric])
            for further, value in measured.items():
                columns[further] = _floored(value, floor[further])
        else:
            metric = name.partition("@")[0]
            if metric not in measured:
                raise PredictionError(
                    f"Prediction {name!r}: expected a key like mse@step1 or loglik@step1.",
                    f"The part before @ must be one of {', '.join(sorted(measured))}.",
                )
            columns[name] = _floored(measured[metric], floor[metric])
    return columns


def _measure(prediction: Prediction, y: Tensor) -> dict[str, Tensor]:
    """Every metric that a prediction allows, one value an episode, float64 [B]: y [B, Q, dy]."""
    points = y.shape[1]
    match prediction:
        case Point(mean):
            return {"mse": _mse(mean, y)}
        case Gaussian(mean, std):
            return {
                "loglik": _normal(mean, std, y).mean(1),
                "mse": _mse(mean, y),
                "coverage95": _coverage(mean[None], std[None], y),
            }
        case GaussianMixture(mean, std):
            per_sample = _normal(mean, std, y)  # [S, B, Q]
            log_samples = math.log(len(per_sample))
            marginal = torch.logsumexp(per_sample, 0) - log_samples
            joint = torch.logsumexp(per_sample.sum(2), 0) - log_samples
            return {
                "loglik": marginal.mean(1),
                "loglik_joint": joint / points,
                "mse": _mse(mean.double().mean(0), y),
                "coverage95": _coverage(mean, std, y),
            }
        case MultivariateGaussian(mean, cov):
            cov = cov.double()
            std = torch.diagonal(cov, dim1=1, dim2=2).sqrt()[:, :, None]
            residual = y - mean.double()
            factor, failed = torch.linalg.cholesky_ex(cov)
            half = torch.linalg.solve_triangular(factor, residual, upper=False)
            log_det = torch.diagonal(factor, dim1=1, dim2=2).log().sum(1)
            joint = -0.5 * (half**2).sum((1, 2)) - log_det - 0.5 * points * math.log(2 * math.pi)
            joint = torch.where(failed == 0, joint, torch.nan)
            return {
                "loglik": _normal(mean, std, y).mean(1),
                "loglik_joint": joint / points,
                "mse": _mse(mean, y),
                "coverage95": _coverage(mean[None], std[None], y),
            }
    raise TypeError(f"not a regression prediction: {type(prediction).__name__}")


def _mse(mean: Tensor, y: Tensor) -> Tensor:
    return ((mean.double() - y) ** 2).mean((1, 2))


def _normal(mean: Tensor, std: Tensor, y: Tensor) -> Tensor:
    """Log-density in nats per target point, summed over dy: [..., B, Q]."""
    mean, std = mean.double(), std.double()
    density = -0.5 * ((y - mean) / std) ** 2 - std.log() - 0.5 * math.log(2 * math.pi)
    return density.sum(-1)


def _coverage(mean: Tensor, std: Tensor, y: Tensor) -> Tensor:
    """Fraction of targets whose marginal CDF lies in [.025, .975]: mean and std [S, B, Q, dy] -> float64 [B].

    The CDF of a mixture is the mean of its components'; NaN where a parameter is not finite.
    """
    mean, std = mean.double(), std.double()
    cdf = torch.special.ndtr((y - mean) / std).mean(0)
    inside = ((cdf - 0.5).abs() <= 0.475).double().mean((1, 2))
    finite = (mean.isfinite() & std.isfinite()).all(0).all(-1).all(-1)
    return torch.where(finite, inside, torch.nan)


def _floored(value: Tensor, floor: Tensor) -> np.ndarray:
    array: np.ndarray = torch.where(torch.isfinite(value), value, floor).cpu().numpy()
    return array


def _floor(task: FunctionTask, episodes: Episodes) -> dict[str, Tensor]:
    """What the prior predictive scores, knowing the suite but not the support set: float64 [B] per metric."""
    x, y = episodes.query_x.double(), episodes.query_y.double()
    if isinstance(task, SinusoidTask):
        (low, high), (a_low, a_high) = task.phase, task.amplitude
        amplitude, span = (a_low + a_high) / 2, high - low
        mean = amplitude * (torch.cos(x - high) - torch.cos(x - low)) / span  # E[A] times the mean of sin(x - phi)
        square = (a_low**2 + a_low * a_high + a_high**2) / 3  # E[A^2]
        power = square * (0.5 - (torch.sin(2 * (x - low)) - torch.sin(2 * (x - high))) / (4 * span))
        std = (power - mean**2).clamp_min(1e-12).sqrt()
    else:
        low, high = task.scale
        variance = (low**2 + low * high + high**2) / 3 + task.noise**2
        mean, std = torch.zeros_like(y), torch.full_like(y, math.sqrt(variance))
    per_point = _normal(mean, std, y).mean(1)
    covered = _coverage(mean[None], std[None], y)
    return {"mse": _mse(mean, y), "loglik": per_point, "loglik_joint": per_point, "coverage95": covered}
