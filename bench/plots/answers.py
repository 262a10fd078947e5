"""What learners answer to functions: predictions on a dense grid of inputs, beside what they could have known."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from bench.domains.episodes import Episodes
from bench.domains.functions.episodes import FrozenFunctions
from bench.domains.functions.task import SinusoidTask
from bench.domains.predicting import predicted
from bench.errors import UsageError
from bench.learners.contract import Learner
from bench.learners.predictions import Gaussian, GaussianMixture, MultivariateGaussian, Point, Prediction, named
from bench.learners.registry import find_learner, load
from bench.runs.build import build
from bench.runs.prepared_suite import PreparedSuite
from bench.tasks.suites import MANIFEST_EPISODES
from bench.training.precision import Precision, autocast, matmul_precision

Floats = npt.NDArray[np.float64]
POINTS = 201  # of the grid
BAND = 0.95  # probability inside a band
_STEPS = re.compile(r"[a-z_]+@step(\d+)")


@dataclass(frozen=True)
class Curve:
    """A predictive distribution along the grid, float64 [POINTS].

    low, high : the ends of its central 95 % interval, for noisy values y; None for a learner that predicts points
    """

    mean: Floats
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Question:
    """One test episode, float64 arrays of numbers along x.

    truth : the function on the grid, None where only points of it were drawn
    posterior : the exact Gaussian-process posterior given the support, None for other functions
    episode : the same as tensors, asking for the grid
    """

    number: int
    grid: Floats
    support: tuple[Floats, Floats]
    query: tuple[Floats, Floats]
    truth: Floats | None
    posterior: Curve | None
    episode: Episodes


@dataclass(frozen=True)
class Reply:
    """A learner's answer to one question.

    final : the prediction that is ranked
    by_step : predictions after 0, 1, ... gradient steps, where the learner reports them
    steps : the number of steps behind `final`, where `by_step` says so
    """

    final: Curve
    by_step: dict[int, Curve] = field(default_factory=dict)
    steps: int | None = None


def question(prepared: PreparedSuite, number: int) -> Question:
    """Test episode `number` of a regression suite. Raises UsageError for an episode that the manifest has not."""
    if not 0 <= number < MANIFEST_EPISODES:
        raise UsageError(f"--episode must lie in 0..{MANIFEST_EPISODES - 1:,}, found {number}.")
    frozen = prepared.evaluation("test")
    assert isinstance(frozen, FrozenFunctions)
    task = frozen.task
    (episode,) = frozen.batches(1, 1, first=number)
    grid = torch.linspace(*task.x, POINTS, device=prepared.device)
    asked = dataclasses.replace(episode, query_x=grid[None, :, None])
    x = grid.double().cpu().numpy()
    truth = posterior = None
    if isinstance(task, SinusoidTask):
        amplitude, phase = (float(episode.parameters[name]) for name in ("amplitude", "phase"))
        truth = amplitude * np.sin(x - phase)
    else:
        oracle = load(find_learner("gp_oracle"))
        posterior = reply(build(oracle, oracle.Options(), prepared, None, "loop", None), prepared, asked).final
    support = (_numbers(episode.support_x), _numbers(episode.support_y))
    query = (_numbers(episode.query_x), _numbers(episode.query_y))
    return Question(number, x, support, query, truth, posterior, asked)


def reply(learner: Learner, prepared: PreparedSuite, episode: Episodes, precision: Precision = "fp32") -> Reply:
    """The learner's answer, computed as it is when it is scored."""
    learner.eval()
    with matmul_precision(precision), torch.no_grad(), autocast(prepared.device, precision):
        predictions = named(predicted(learner, episode))
    final = curve(predictions.pop("final"))
    found = {int(match[1]): curve(p) for name, p in predictions.items() if (match := _STEPS.fullmatch(name))}
    by_step = dict(sorted(found.items()))
    same = [step for step, other in by_step.items() if np.array_equal(other.mean, final.mean)]
    return Reply(final, by_step, same[-1] if same else None)


def curve(prediction: Prediction) -> Curve:
    """A prediction for one episode with dy = 1 as numbers along its queries."""
    match prediction:
        case Point(mean):
            return Curve(_numbers(mean))
        case Gaussian(mean, std):
            return _mixture(_numbers(mean)[None], _numbers(std)[None])
        case GaussianMixture(mean, std):
            return _mixture(_numbers(mean, len(mean)), _numbers(std, len(mean)))
        case MultivariateGaussian(mean, cov):
            return _mixture(_numbers(mean)[None], _numbers(torch.diagonal(cov, dim1=1, dim2=2).sqrt())[None])
    raise TypeError(f"not a regression prediction: {type(prediction).__name__}")


def _mixture(mean: Floats, std: Floats) -> Curve:
    """Equally weighted Gaussians, mean and std [S, POINTS]."""
    return Curve(mean.mean(0), _quantile(mean, std, (1 - BAND) / 2), _quantile(mean, std, (1 + BAND) / 2))


def _quantile(mean: Floats, std: Floats, level: float) -> Floats:
    """The quantile of each mixture, by bisection: it lies between the quantiles of the components."""
    from scipy.special import ndtr, ndtri

    ends = mean + std * ndtri(level)
    low, high = ends.min(0), ends.max(0)
    for _ in range(60):
        middle = (low + high) / 2
        below = ndtr((middle - mean) / std).mean(0) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2)


def _numbers(tensor: torch.Tensor, samples: int | None = None) -> Floats:
    """[1, P, 1] or [1, P] -> [P]; with samples, [S, 1, P, 1] -> [S, P]."""
    array: Floats = tensor.detach().double().cpu().numpy()
    return array.reshape(-1) if samples is None else array.reshape(samples, -1)
