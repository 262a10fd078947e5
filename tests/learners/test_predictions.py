"""Validation of answers: each wrong type, shape and domain is refused with what was expected and found."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import bench
from bench.learners.predictions import PredictionError, named, validate

B, Q, WAY = 3, 4, 5
LABELS = torch.zeros(B, Q, dtype=torch.int64)
TARGETS = torch.zeros(B, Q, 1)


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(shape)


def refusal(prediction: Any, query_y: torch.Tensor, way: int = 0) -> PredictionError:
    with pytest.raises(PredictionError) as caught:
        validate("final", prediction, query_y, way)
    assert "'final'" in caught.value.message and caught.value.fix
    return caught.value


@pytest.mark.parametrize(
    "prediction",
    [
        bench.Point(ones(B, Q, 1)),
        bench.Gaussian(ones(B, Q, 1), ones(B, Q, 1)),
        bench.GaussianMixture(ones(2, B, Q, 1), ones(2, B, Q, 1)),
        bench.MultivariateGaussian(ones(B, Q, 1), torch.eye(Q).expand(B, Q, Q)),
    ],
)
def test_valid_predictions_pass(prediction: Any) -> None:
    validate("final", prediction, TARGETS, 0)
    validate("final", ones(B, Q, WAY), LABELS, WAY)


@pytest.mark.parametrize(
    "prediction, found",
    [
        (ones(B, Q, WAY + 1), f"found [{B}, {Q}, {WAY + 1}]"),
        (ones(B, Q), f"found [{B}, {Q}]"),
        (ones(Q, WAY), f"found [{Q}, {WAY}]"),
        (bench.Point(ones(B, Q, 1)), "found Point"),
        ([[0.0] * WAY] * Q, "found list"),
        (None, "found NoneType"),
    ],
)
def test_wrong_logits(prediction: Any, found: str) -> None:
    error = refusal(prediction, LABELS, WAY)
    assert found in error.message and f"[{B}, {Q}, {WAY}]" in error.message


@pytest.mark.parametrize(
    "prediction, said",
    [
        (ones(B, Q, 1), "found Tensor"),
        ("text", "found str"),
        (bench.Point(ones(B, Q)), "mean of shape [3, 4, 1], found [3, 4]"),
        (bench.Point(1.0), "found float"),  # type: ignore[arg-type]  # the point of the case
        (bench.Gaussian(ones(B, Q + 1, 1), ones(B, Q, 1)), "mean of shape [3, 4, 1], found [3, 5, 1]"),
        (bench.Gaussian(ones(B, Q, 1), ones(B, Q, 2)), "std of shape [3, 4, 1], found [3, 4, 2]"),
        (bench.Gaussian(ones(B, Q, 1), ones(1)), "std of shape [3, 4, 1], found [1]"),
        (bench.GaussianMixture(ones(B, Q, 1), ones(B, Q, 1)), "mean of shape [3, 3, 4, 1], found [3, 4, 1]"),
        (bench.GaussianMixture(ones(2, B, Q, 1), ones(3, B, Q, 1)), "std of shape [2, 3, 4, 1], found [3, 3, 4, 1]"),
        (bench.GaussianMixture(ones(0, B, Q, 1), ones(0, B, Q, 1)), "at least one sample"),
        (bench.GaussianMixture(1.0, 1.0), "found float"),  # type: ignore[arg-type]  # the point of the case
        (bench.GaussianMixture(torch.tensor(1.0), torch.tensor(1.0)), "at least one sample, found []"),
        (bench.MultivariateGaussian(ones(B, Q), torch.eye(Q).expand(B, Q, Q)), "mean of shape [3, 4, 1]"),
        (bench.MultivariateGaussian(ones(B, Q, 1), ones(B, Q, 1)), "cov of shape [3, 4, 4], found [3, 4, 1]"),
    ],
)
def test_wrong_types_and_shapes_of_regression(prediction: Any, said: str) -> None:
    assert said in refusal(prediction, TARGETS).message


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_standard_deviations_must_be_positive(value: float) -> None:
    std = ones(B, Q, 1)
    std[1, 2] = value
    cov = torch.eye(Q).repeat(B, 1, 1)
    cov[0, 1, 1] = value
    for prediction in (
        bench.Gaussian(ones(B, Q, 1), std),
        bench.GaussianMixture(ones(2, B, Q, 1), std.repeat(2, 1, 1, 1)),
        bench.MultivariateGaussian(ones(B, Q, 1), cov),
    ):
        assert f"must be positive, found {value:g}" in refusal(prediction, TARGETS).message


def test_values_that_are_not_finite_are_left_to_the_scoring() -> None:
    validate("final", torch.full((B, Q, WAY), torch.nan), LABELS, WAY)
    validate("final", bench.Gaussian(ones(B, Q, 1) * torch.inf, ones(B, Q, 1) * torch.nan), TARGETS, 0)


def test_named_answers() -> None:
    logits = ones(B, Q, WAY)
    assert named(logits) == {"final": logits}
    assert list(named({"final": logits, "accuracy@step1": logits})) == ["final", "accuracy@step1"]
    with pytest.raises(PredictionError, match="found \\['other'\\]"):
        named({"other": logits})
