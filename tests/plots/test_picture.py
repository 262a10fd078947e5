"""The numbers behind the lines, against independent computations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from scipy.stats import norm

import bench
from baselines.maml import MAML
from bench.domains.functions.stream import GPStream, SinusoidStream, kernel_matrix
from bench.learners.predictions import Gaussian, GaussianMixture
from bench.plots.answers import POINTS, curve
from bench.records import RunStore
from bench.tasks.registry import find_suite
from tests.streams import frozen_stream

from .conftest import Gallery


def test_the_adapted_line_is_the_learners_prediction(gallery: Gallery) -> None:
    path = gallery.path("maml", "sinusoid-10s")
    drawn = gallery.draw(path, episodes=[7, 40], view="answers")
    left, right = drawn.panels("true function")
    assert (left.get_xlabel(), right.get_xlabel()) == ("x (test episode 7)", "x (test episode 40)")
    stream = frozen_stream(find_suite("sinusoid-10s"), "test")
    assert isinstance(stream, SinusoidStream)
    truth = stream.block(40, 1)
    x = np.linspace(-5, 5, POINTS)
    amplitude, phase = truth.parameters["amplitude"], truth.parameters["phase"]
    np.testing.assert_allclose(drawn.y(right, "true function"), amplitude * np.sin(x - phase), atol=1e-5)
    np.testing.assert_allclose(drawn.y(right, "support"), truth.support_y[0, :, 0], atol=1e-5)

    record = RunStore(path).read(path)
    learner = MAML(bench.FunctionSpec(10, 100), MAML.Options(**record.algorithm.options))
    learner.load_state_dict(load_file(path / "checkpoint.safetensors"))
    tensors = (torch.tensor(a, dtype=torch.float32) for a in (truth.support_x, truth.support_y, x[None, :, None]))
    answer = learner.eval().predict(*tensors)
    assert isinstance(answer, dict)
    steps = record.algorithm.options["test_steps"]
    for key, label in (
        ("mse@step0", "before adaptation"),
        ("mse@step1", "after 1 step"),
        ("final", f"after {steps} st"),
    ):
        (label,) = (each.get_label() for each in right.lines if str(each.get_label()).startswith(label))
        np.testing.assert_allclose(drawn.y(right, str(label)), answer[key].mean[0, :, 0].numpy(), atol=1e-5)
    assert not np.allclose(drawn.y(right, "before adaptation"), drawn.y(right, str(label)), atol=1e-3)
    scores = RunStore(path).read_scores(path)
    assert right.get_title(loc="right") == f"mse {scores['score'][40]:.3g}"


def test_the_exact_posterior_is_numpys(gallery: Gallery) -> None:
    number = 17
    drawn = gallery.draw(gallery.path("latent", "gp1d-rbf"), episodes=[number], view="answers")
    (axes,) = drawn.panels("exact posterior")
    stream = frozen_stream(find_suite("gp1d-rbf"), "test")
    assert isinstance(stream, GPStream)
    f = stream.block(number, 1)
    x, y, grid = f.support_x[:, :, 0], f.support_y[0, :, 0], np.linspace(-2, 2, POINTS)[None]
    k_ss = kernel_matrix("rbf", x, x, **f.parameters)[0] + 0.02**2 * np.eye(x.shape[1])
    k_sq = kernel_matrix("rbf", x, grid, **f.parameters)[0]
    mean = k_sq.T @ np.linalg.solve(k_ss, y)
    variance = f.parameters["scale"] ** 2 + 0.02**2 - (k_sq * np.linalg.solve(k_ss, k_sq)).sum(0)
    np.testing.assert_allclose(drawn.y(axes, "exact posterior"), mean, atol=2e-3)
    np.testing.assert_allclose(drawn.y(axes, "its 95% band"), mean - 1.959964 * np.sqrt(variance), atol=2e-3)
    np.testing.assert_allclose(drawn.y(axes, "target"), f.query_y[0, :, 0], atol=1e-5)


def test_an_oracles_own_answer_is_the_posterior(gallery: Gallery) -> None:
    paths = [gallery.path(algo, "gp1d-rbf") for algo in ("gp_oracle", "latent")]
    drawn = gallery.draw(*paths, view="answers")
    panels = drawn.panels("exact posterior")
    assert len(panels) == 6  # three episodes in two rows
    assert [axes.get_xlabel() for axes in panels[3:]] == [f"x (test episode {n})" for n in (0, 16, 32)]
    for oracle, other in zip(panels[:3], panels[3:], strict=True):
        np.testing.assert_array_equal(drawn.y(oracle, "prediction"), drawn.y(oracle, "exact posterior"))
        assert not np.allclose(drawn.y(other, "prediction"), drawn.y(other, "exact posterior"), atol=1e-2)
        assert oracle.get_ylim() == other.get_ylim()


def test_one_episode_puts_the_runs_side_by_side(gallery: Gallery) -> None:
    paths = [gallery.path(algo, "gp1d-rbf") for algo in ("gp_oracle", "latent")]
    left, right = gallery.draw(*paths, view="answers", episodes=[3]).panels("exact posterior")
    assert (left.get_title(loc="left"), right.get_title(loc="left")) == ("gp_oracle", "latent")
    assert left.get_position().y0 == right.get_position().y0


def test_bands_hold_95_percent() -> None:
    rng = np.random.default_rng(3)
    mean, std = rng.normal(size=(4, 1, 9, 1)), rng.uniform(0.1, 2, (4, 1, 9, 1))
    found = curve(GaussianMixture(torch.tensor(mean), torch.tensor(std)))
    assert found.low is not None and found.high is not None
    np.testing.assert_allclose(norm.cdf(found.low, mean[:, 0, :, 0], std[:, 0, :, 0]).mean(0), 0.025, rtol=1e-6)
    np.testing.assert_allclose(norm.cdf(found.high, mean[:, 0, :, 0], std[:, 0, :, 0]).mean(0), 0.975, rtol=1e-6)
    np.testing.assert_allclose(found.mean, mean.mean((0, 1, 3)), rtol=1e-12)
    plain = curve(Gaussian(torch.tensor(mean[0]), torch.tensor(std[0])))
    np.testing.assert_allclose(plain.high, (mean + 1.959964 * std)[0, 0, :, 0], rtol=1e-6)


def test_cumulative_regret_ends_at_the_scores(gallery: Gallery) -> None:
    path = gallery.path("stubborn", "bandit-n10k5")
    drawn = gallery.draw(path, view="answers")
    (axes,) = drawn.figure.axes
    regret = drawn.y(axes, "stubborn")
    assert len(regret) == 10 and (np.diff(regret) >= 0).all()
    scores = RunStore(path).read_scores(path)["regret"]
    assert regret[-1] == pytest.approx(scores.mean(), rel=1e-9)
    (band,) = axes.collections
    ends = band.get_paths()[0].vertices
    top = ends[ends[:, 0] == 10, 1].max()
    assert top == pytest.approx(scores.mean() + 1.984217 * scores.std(ddof=1) / 10, rel=1e-6)  # t of 99 df, 100 trials


def test_inner_rewards_are_those_of_the_scores(gallery: Gallery) -> None:
    path = gallery.path("stubborn", "mdp-n10")
    drawn = gallery.draw(path, view="answers")
    rewards = drawn.y(drawn.figure.axes[0], "stubborn")
    scores = RunStore(path).read_scores(path)
    assert rewards.sum() == pytest.approx(scores["score"].mean(), rel=1e-6)
    assert rewards[0] == pytest.approx(scores["reward@episode1"].mean(), rel=1e-6)
    assert rewards[-1] == pytest.approx(scores["reward@episode10"].mean(), rel=1e-6)


def test_training_and_scores_are_the_stored_ones(gallery: Gallery) -> None:
    path = gallery.path("maml", "sinusoid-10s")
    drawn = gallery.draw(path, view="learning")
    training, scores = drawn.figure.axes
    np.testing.assert_array_equal(drawn.y(training, "maml"), pd.read_parquet(path / "curve.parquet")["validation"])
    stored = RunStore(path).read_scores(path)["score"].to_numpy()
    line = scores.lines[0]
    steps = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert steps[0] == (stored.min(), 0)  # where the first step rises
    assert [share for _, share in steps[1:]] == pytest.approx([(stored <= x).mean() for x, _ in steps[1:]])
    assert scores.get_xscale() == "log" and scores.get_xlabel() == "mse (squared target unit)"


def test_accuracies_are_drawn_in_percent_and_without_training_curve(gallery: Gallery) -> None:
    (axes,) = gallery.draw(gallery.path("chance", "glyphs-5w1s")).figure.axes
    assert axes.get_xlabel() == "accuracy (%)" and set(axes.lines[0].get_xdata()) == {20.0}
