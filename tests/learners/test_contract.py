"""The defaults of the contract: losses, prediction noise, embedding learners."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

import bench
from bench.learners.contract import default_loss, unfit

IMAGES = bench.ImageSpec(5, 1, 3, (1, 4, 4))
WAVES = bench.FunctionSpec(5, 7)


class Noisy(bench.Learner):
    family = "reference"

    def __init__(self, task: bench.TaskSpec, options: Any) -> None:
        super().__init__(task, options)
        self.layer = nn.Linear(1, 1)


def noisy(seed: int = 0) -> Noisy:
    learner = Noisy(WAVES, Noisy.Options())
    learner.noise_seed = seed
    return learner


def test_noise_is_drawn_once() -> None:
    learner = noisy()
    first = learner.noise("z", (4, 3)).clone()
    torch.manual_seed(123)
    assert torch.equal(learner.noise("z", (4, 3)), first)
    assert torch.equal(noisy().noise("z", (4, 3)), first), "a function of seed, name and shape only"


def test_noise_differs_between_names_seeds_and_shapes() -> None:
    learner = noisy()
    z = learner.noise("z", (4,)).clone()
    assert not torch.equal(learner.noise("other", (4,)), z)
    assert not torch.equal(noisy(seed=1).noise("z", (4,)), z)
    assert not torch.equal(learner.noise("z", (8,))[:4], z)


def test_noise_leaves_the_global_generator_alone() -> None:
    learner = noisy()
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    learner.noise("z", (100,))
    assert torch.equal(torch.rand(3), expected)


def test_noise_is_saved_with_the_checkpoint_and_survives_another_seed() -> None:
    learner = noisy()
    drawn = learner.noise("z", (4, 3)).clone()
    assert torch.equal(learner.state_dict()["noise_z"], drawn)
    other = noisy(seed=9)
    other.noise("z", (4, 3))
    other.load_state_dict(learner.state_dict())
    assert torch.equal(other.noise("z", (4, 3)), drawn)


def test_noise_is_standard_normal() -> None:
    drawn = noisy().noise("z", (20_000,)).numpy()
    assert stats.kstest(drawn, "norm").pvalue > 1e-3


def test_default_losses_against_scipy_and_numpy() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(2, 3, 5, generator=generator), torch.tensor([[0, 4, 2], [1, 1, 3]])
    probabilities = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(-1, keepdims=True)
    picked = np.take_along_axis(probabilities, labels.numpy()[..., None], axis=-1)
    assert float(default_loss(logits, labels)) == pytest.approx(-np.log(picked).mean(), rel=1e-5)
    y, mean = torch.randn(2, 3, 1, generator=generator), torch.randn(2, 3, 1, generator=generator)
    std = torch.rand(2, 3, 1, generator=generator) + 0.1
    assert float(default_loss(bench.Point(mean), y)) == pytest.approx(((mean - y).numpy() ** 2).mean(), rel=1e-5)
    expected = -stats.norm(mean, std).logpdf(y).mean()
    assert float(default_loss(bench.Gaussian(mean, std), y)) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(TypeError, match="override loss"):
        default_loss(bench.GaussianMixture(mean[None], std[None]), y)


class FlatEmbedding(bench.EmbeddingLearner):
    family = "metric"

    def embed(self, images: Tensor) -> Tensor:
        return images.flatten(1) * 2

    def classify(self, support_z: Tensor, support_y: Tensor, query_z: Tensor) -> Tensor:
        return query_z @ support_z.transpose(1, 2)


def test_embedding_learners_embed_support_and_queries_alike() -> None:
    learner = FlatEmbedding(IMAGES, FlatEmbedding.Options())
    x, q = torch.rand(2, 5, 1, 4, 4), torch.rand(2, 9, 1, 4, 4)
    logits = learner.predict(x, torch.arange(5).expand(2, 5), q)
    assert isinstance(logits, Tensor)
    torch.testing.assert_close(logits, 4 * torch.einsum("bqchw,bschw->bqs", q, x))
    assert unfit(FlatEmbedding, IMAGES) is None and "asks for regression" in str(unfit(FlatEmbedding, WAVES))


def test_a_learner_without_predict_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Noisy must implement predict"):
        noisy().predict(torch.rand(1, 2, 1), torch.rand(1, 2, 1), torch.rand(1, 2, 1))
