"""Heads against independent computations of what they say they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.own.evaluate import compact
from bench.own.heads import DECAY, HEADS, RIDGE


@pytest.fixture
def support() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    y = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    return generator.normal(size=(9, 20)) + 2 * np.eye(20)[y], y


@pytest.fixture
def query() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(30, 20))


def unit(z: np.ndarray) -> np.ndarray:
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def means(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.stack([z[y == label].mean(0) for label in range(3)])


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a[:, None] - b[None], axis=2)


def test_heads_of_means(support: tuple[np.ndarray, np.ndarray], query: np.ndarray) -> None:
    z, y = support
    centre = means(z, y).mean(0)
    expected = {
        "centroid": -distances(query, means(z, y)),
        "simpleshot": -distances(unit(query - centre), means(unit(z - centre), y)),
        "cosine": unit(query) @ unit(means(unit(z), y)).T,
    }
    for name, scores in expected.items():
        assert (HEADS[name](z, y).scores(query).argmax(1) == scores.argmax(1)).all(), name


def test_nearest_is_the_nearest_image(support: tuple[np.ndarray, np.ndarray], query: np.ndarray) -> None:
    z, y = support
    order = np.random.default_rng(2).permutation(len(y))
    found = HEADS["nearest"](z[order], y[order]).scores(query)
    similar = unit(query) @ unit(z).T
    assert (found.argmax(1) == y[similar.argmax(1)]).all()
    np.testing.assert_allclose(found.max(1), similar.max(1))


def test_ridge_solves_its_equation(support: tuple[np.ndarray, np.ndarray]) -> None:
    z, y = support
    x = unit(z - means(z, y).mean(0))
    targets = np.eye(3)[y]
    weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(20), x.T @ (targets - targets.mean(0)))
    np.testing.assert_allclose(HEADS["ridge"](z, y).rows, weights.T, atol=1e-10)


def test_logistic_is_at_the_minimum_of_its_loss(support: tuple[np.ndarray, np.ndarray]) -> None:
    z, y = support
    fitted = HEADS["logistic"](z, y)
    weights, bias = torch.tensor(fitted.rows, requires_grad=True), torch.tensor(fitted.bias, requires_grad=True)
    x = torch.tensor(unit(z - means(z, y).mean(0)))
    loss = torch.nn.functional.cross_entropy(x @ weights.T + bias, torch.tensor(y), reduction="sum")
    (loss + 0.5 * DECAY * weights.square().sum()).backward()
    assert weights.grad is not None and bias.grad is not None
    assert max(weights.grad.abs().max(), bias.grad.abs().max()) < 0.01


@pytest.mark.parametrize("name", ["ridge", "logistic"])
def test_more_images_than_features_are_fitted_in_the_smaller_space(name: str) -> None:
    generator = np.random.default_rng(3)
    y = np.repeat(np.arange(3), 20)
    z = generator.normal(size=(60, 8)) + np.eye(8)[y]
    padded = np.hstack([z, np.zeros((60, 72))])
    np.testing.assert_allclose(HEADS[name](z, y).rows, HEADS[name](padded, y).rows[:, :8], atol=2e-2)


@pytest.mark.parametrize("name", HEADS)
def test_compact_features_give_the_same_scores(name: str, support: tuple[np.ndarray, np.ndarray]) -> None:
    z, y = support
    rotated = compact(z)
    assert rotated.shape == (9, 9)
    np.testing.assert_allclose(HEADS[name](z, y).scores(z), HEADS[name](rotated, y).scores(rotated), atol=1e-2)
