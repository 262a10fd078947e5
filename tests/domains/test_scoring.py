"""The evaluator: every metric against an independent computation, and answers that should not fool it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

import bench
from bench.domains.episodes import Episodes
from bench.domains.functions.scoring import score_functions
from bench.domains.images.scoring import score_images
from bench.learners.predictions import PredictionError
from bench.tasks.registry import find_suite
from tests.streams import frozen_episodes

WAY, GLYPHS, WAVES, KERNELS = 5, find_suite("glyphs-5w1s"), find_suite("sinusoid-10s"), find_suite("gp1d-rbf")
CPU = torch.device("cpu")


def labelled(b: int = 4, per_class: int = 3, seed: int = 0) -> Episodes:
    """Episodes of labels only: queries balanced, in random order."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.stack([torch.randperm(WAY * per_class, generator=generator) for _ in range(b)])
    nothing = torch.empty(b, 0)
    classes = np.tile(np.arange(WAY), (b, 1))
    return Episodes(nothing, nothing, nothing, order // per_class, first=0, way=WAY, classes=classes)


def functions(y: Tensor, x: Tensor | None = None) -> Episodes:
    """Episodes of targets [B, Q, dy] only."""
    nothing = torch.empty(len(y), 0, 1)
    return Episodes(nothing, nothing, torch.zeros_like(y) if x is None else x, y, first=0)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def one_hot(labels: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(labels, WAY).float()


# -- accuracy -------------------------------------------------------------------------------------------------------


def test_an_oracle_scores_one_and_its_opposite_zero() -> None:
    episodes = labelled()
    assert score_images(episodes, one_hot(episodes.query_y))["score"].tolist() == [1.0] * 4
    assert score_images(episodes, -one_hot(episodes.query_y))["score"].max() == 0.0


@pytest.mark.parametrize("label", range(WAY))
def test_a_constant_answer_scores_chance_exactly(label: int) -> None:
    episodes = labelled(b=6)
    logits = one_hot(torch.full_like(episodes.query_y, label))
    assert score_images(episodes, logits)["score"].tolist() == [1 / WAY] * 6


def test_ties_go_to_the_lowest_label() -> None:
    episodes = labelled()
    tied = torch.zeros(4, 15, WAY)
    assert score_images(episodes, tied)["n_correct"].tolist() == [3] * 4  # those of label 0
    tied[..., 2:] = 7.0
    correct = (episodes.query_y == 2).sum(1)
    assert score_images(episodes, tied)["n_correct"].tolist() == correct.tolist()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_accuracy_counts_and_does_not_care_for_query_order(seed: int) -> None:
    episodes, logits = labelled(seed=seed), random(4, 15, WAY, seed=seed)
    scored = score_images(episodes, logits)
    expected = [
        sum(int(np.argmax(row) == label) for row, label in zip(rows, labels, strict=True))
        for rows, labels in zip(logits.numpy(), episodes.query_y.tolist(), strict=True)
    ]
    assert scored["n_correct"].tolist() == expected
    assert scored["score"].tolist() == [count / 15 for count in expected]
    order = torch.randperm(15, generator=torch.Generator().manual_seed(seed))
    permuted = replace(episodes, query_y=episodes.query_y[:, order])
    assert (score_images(permuted, logits[:, order])["n_correct"] == scored["n_correct"]).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_episode_that_is_not_finite_is_floored_alone(value: float) -> None:
    episodes = labelled()
    logits = one_hot(episodes.query_y)
    logits[2, 7, 1] = value
    scored = score_images(episodes, logits)
    assert scored["n_correct"].tolist() == [15, 15, 0, 15]
    assert scored["floored"].tolist() == [False, False, True, False]


def test_further_predictions_are_further_columns() -> None:
    episodes = labelled()
    right = one_hot(episodes.query_y)
    scored = score_images(episodes, {"final": right, "accuracy@step0": torch.zeros(4, 15, WAY)})
    assert scored["score"].tolist() == [1.0] * 4 and scored["accuracy@step0"].tolist() == [0.2] * 4
    assert (scored["classes"] == np.arange(WAY)).all()


# -- likelihoods and squared errors ---------------------------------------------------------------------------------


def test_squared_error() -> None:
    y, mean = random(3, 7, 1), random(3, 7, 1, seed=1)
    scored = score_functions(WAVES, functions(y), bench.Point(mean))
    np.testing.assert_allclose(scored["score"], ((y - mean).numpy() ** 2).mean((1, 2)), rtol=1e-12)
    assert not scored["floored"].any()
    assert score_functions(WAVES, functions(y), bench.Point(y))["score"].tolist() == [0.0] * 3


@pytest.mark.parametrize("dy", [1, 2])
def test_gaussian_log_likelihood_against_scipy(dy: int) -> None:
    y, mean, std = random(3, 7, dy), random(3, 7, dy, seed=1), random(3, 7, dy, seed=2).exp()
    scored = score_functions(KERNELS, functions(y), bench.Gaussian(mean, std))
    expected = stats.norm(mean, std).logpdf(y).sum(2).mean(1)
    np.testing.assert_allclose(scored["score"], expected, rtol=1e-12)
    np.testing.assert_allclose(scored["mse"], ((y - mean) ** 2).mean((1, 2)), rtol=1e-12)


def test_mixture_log_likelihoods_against_scipy() -> None:
    y, mean, std = random(3, 7, 1), random(5, 3, 7, 1, seed=1), random(5, 3, 7, 1, seed=2).exp()
    scored = score_functions(KERNELS, functions(y), bench.GaussianMixture(mean, std))
    density = stats.norm(mean, std).pdf(y)[..., 0]  # [samples, B, Q]
    np.testing.assert_allclose(scored["score"], np.log(density.mean(0)).mean(1), rtol=1e-10)
    np.testing.assert_allclose(scored["loglik_joint"], np.log(density.prod(2).mean(0)) / 7, rtol=1e-10)
    np.testing.assert_allclose(scored["mse"], ((y - mean.mean(0)) ** 2).mean((1, 2)), rtol=1e-10)


def test_a_mixture_of_one_is_a_gaussian() -> None:
    y, mean, std = random(3, 7, 1), random(3, 7, 1, seed=1), random(3, 7, 1, seed=2).exp()
    plain = score_functions(KERNELS, functions(y), bench.Gaussian(mean, std))
    mixed = score_functions(KERNELS, functions(y), bench.GaussianMixture(mean[None], std[None]))
    np.testing.assert_allclose(mixed["score"], plain["score"], rtol=1e-12)
    np.testing.assert_allclose(mixed["loglik_joint"], plain["score"], rtol=1e-12)


def test_a_mixture_far_from_the_target_stays_finite() -> None:
    mean = torch.full((2, 1, 50, 1), 300.0)
    scored = score_functions(
        KERNELS, functions(torch.zeros(1, 50, 1)), bench.GaussianMixture(mean, torch.ones_like(mean))
    )
    np.testing.assert_allclose(scored["score"], stats.norm(300, 1).logpdf(0), rtol=1e-12)
    np.testing.assert_allclose(scored["loglik_joint"], stats.norm(300, 1).logpdf(0), rtol=1e-12)


def test_multivariate_log_likelihoods_against_scipy() -> None:
    y, mean, root = random(3, 6, 1), random(3, 6, 1, seed=1), random(3, 6, 6, seed=2)
    cov = root @ root.transpose(1, 2) + 0.1 * torch.eye(6, dtype=root.dtype)
    scored = score_functions(KERNELS, functions(y), bench.MultivariateGaussian(mean, cov))
    for b in range(3):
        joint = stats.multivariate_normal(mean[b, :, 0], cov[b]).logpdf(y[b, :, 0])
        marginal = stats.norm(mean[b, :, 0], np.sqrt(np.diag(cov[b]))).logpdf(y[b, :, 0])
        np.testing.assert_allclose(scored["loglik_joint"][b], joint / 6, rtol=1e-9)
        np.testing.assert_allclose(scored["score"][b], marginal.mean(), rtol=1e-9)


def test_a_covariance_that_is_not_positive_definite_floors_the_joint_only() -> None:
    cov = torch.tensor([[[1.0, 2.0], [2.0, 1.0]]])
    scored = score_functions(
        KERNELS, functions(torch.zeros(1, 2, 1)), bench.MultivariateGaussian(torch.zeros(1, 2, 1), cov)
    )
    np.testing.assert_allclose(scored["score"], stats.norm.logpdf(0))
    prior_std = np.sqrt((0.1**2 + 0.1 * 1.0 + 1.0**2) / 3 + 0.02**2)
    np.testing.assert_allclose(scored["loglik_joint"], stats.norm(0, prior_std).logpdf(0), rtol=1e-12)


# -- floors ---------------------------------------------------------------------------------------------------------


def nothing(y: Tensor) -> bench.Gaussian:
    return bench.Gaussian(torch.full_like(y, torch.nan), torch.ones_like(y))


def test_the_sinusoid_floor_is_the_prior_predictive() -> None:
    """Mean and variance of A sin(x - phi), recovered from the floors of chosen targets, against Monte Carlo."""
    x = torch.linspace(-5, 5, 9, dtype=torch.float64)
    points = x[:, None, None]
    zero, one = (
        score_functions(WAVES, functions(torch.full_like(points, value), points), nothing(points))
        for value in (0.0, 1.0)
    )
    assert zero["floored"].all() and one["floored"].all()
    mean = (1 + zero["score"] - one["score"]) / 2  # m^2 - (m - 1)^2 = 2 m - 1
    variance = (2 * mean - 1) / (2 * (one["loglik"] - zero["loglik"]))
    rng = np.random.default_rng(0)
    amplitude, phase = rng.uniform(0.1, 5, (400_000, 1)), rng.uniform(0, np.pi, (400_000, 1))
    drawn = amplitude * np.sin(x.numpy() - phase)
    np.testing.assert_allclose(mean, drawn.mean(0), atol=0.02)
    np.testing.assert_allclose(variance, drawn.var(0), rtol=0.02)
    np.testing.assert_allclose(zero["loglik"], stats.norm(mean, np.sqrt(variance)).logpdf(0.0), rtol=1e-6)


def test_the_gp_floor_is_the_prior_predictive() -> None:
    y = torch.tensor([[[0.0]], [[1.3]]], dtype=torch.float64)
    scored = score_functions(KERNELS, functions(y), nothing(y))
    scale = np.random.default_rng(0).uniform(0.1, 1.0, 1_000_000)
    std = np.sqrt((scale**2).mean() + 0.02**2)
    np.testing.assert_allclose(scored["score"], stats.norm(0, std).logpdf([0.0, 1.3]), rtol=5e-3)
    np.testing.assert_allclose(scored["mse"], [0.0, 1.3**2], rtol=1e-12)


def test_floors_are_what_knowing_only_the_suite_scores_on_real_episodes() -> None:
    """On frozen test episodes the prior predictive is worse than the truth and better than a wild guess."""
    for suite in (WAVES, KERNELS):
        (part, *_) = frozen_episodes(suite).batches(16, 16)
        floor = score_functions(suite, part, nothing(part.query_y))
        truth = score_functions(suite, part, bench.Gaussian(part.query_y, torch.full_like(part.query_y, 0.1)))
        wild = score_functions(suite, part, bench.Gaussian(part.query_y + 30, torch.full_like(part.query_y, 0.1)))
        sign = 1 if suite.higher_is_better else -1
        assert (sign * truth["score"] > sign * floor["score"]).all()
        assert (sign * floor["score"] > sign * wild["score"]).all()


@pytest.mark.parametrize("part", ["mean", "std"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_only_the_episode_that_is_not_finite_is_floored(part: str, value: float) -> None:
    y = random(3, 7, 1)
    parts = {"mean": y.clone(), "std": torch.ones_like(y)}
    parts[part][1, 2] = value
    scored = score_functions(KERNELS, functions(y), bench.Gaussian(**parts))
    assert scored["floored"].tolist() == [False, True, False]
    assert np.isfinite(scored["score"]).all() and np.isfinite(scored["mse"]).all()
    np.testing.assert_allclose(scored["score"][[0, 2]], stats.norm.logpdf(0))


# -- wrong answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer, said",
    [
        (torch.zeros(4, 15, 4), "[4, 15, 5], found [4, 15, 4]"),
        (torch.zeros(15, 5), "found [15, 5]"),
        (bench.Point(torch.zeros(4, 15, 1)), "found Point"),
        ({"logits": torch.zeros(4, 15, 5)}, "needs the key 'final'"),
        ({"final": torch.zeros(4, 15, 5), "accuracy@step1": None}, "'accuracy@step1'"),
        (None, "found NoneType"),
    ],
)
def test_wrong_answers_to_classification(answer: Any, said: str) -> None:
    with pytest.raises(PredictionError) as caught:
        score_images(labelled(), answer)
    assert said in caught.value.message and caught.value.fix


def test_a_point_can_not_be_ranked_by_likelihood() -> None:
    y = random(3, 7, 1)
    with pytest.raises(PredictionError, match=r"gp1d-rbf ranks the log-likelihood.*found Point"):
        score_functions(KERNELS, functions(y), bench.Point(y))


@pytest.mark.parametrize("key", ["step1", "loglik@step1", "accuracy@step1"])
def test_further_keys_name_a_metric_that_the_prediction_has(key: str) -> None:
    y = random(3, 7, 1)
    with pytest.raises(PredictionError, match=f"Prediction '{key}'"):
        score_functions(WAVES, functions(y), {"final": bench.Point(y), key: bench.Point(y)})
