"""Probabilities mean what they say, and strangers are refused."""

from __future__ import annotations

import numpy as np
import pytest

from bench.own.evaluate import Method
from bench.own.predictor import REFUSED, fit


def world(each: int, generator: np.random.Generator, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(4), each)
    return 2.0 * np.eye(4, 12)[labels] + spread * generator.normal(size=(len(labels), 12)), labels


@pytest.mark.parametrize("head", ["ridge", "cosine", "logistic", "nearest"])
def test_probabilities_are_about_as_often_right_as_they_say(head: str) -> None:
    too_sure = []
    for seed in range(8):
        generator = np.random.default_rng(seed)
        fresh, labels = world(300, generator)
        answer = fit("f", Method("x", head), *world(15, generator), 5, 2)(fresh)
        np.testing.assert_allclose(answer.probability.sum(1), 1)
        too_sure.append(answer.probability.max(1).mean() - (answer.probability.argmax(1) == labels).mean())
    assert abs(np.mean(too_sure)) < 0.05


def test_strangers_are_refused_and_few_of_the_known_are() -> None:
    generator = np.random.default_rng(1)
    z, labels = world(25, generator, 0.5)
    predictor = fit("f", Method("x", "ridge"), z, labels, 10, 2)
    assert predictor(world(500, generator, 0.5)[0]).none.mean() < 2 * REFUSED
    strangers = np.eye(1, 12, 11) * 3 + 0.5 * generator.normal(size=(200, 12))
    assert predictor(strangers).none.mean() > 0.7


def test_too_few_known_images_refuse_nobody() -> None:
    z, labels = world(4, np.random.default_rng(2))
    predictor = fit("f", Method("x", "ridge"), z, labels, 4, 2)
    assert predictor.threshold is None
    assert not predictor(z * -100).none.any()
