"""Coverage of the central 95 % interval: by simulation, by other means, and in records from before it was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import optimize, stats
from torch import Tensor

import bench
from bench.boards import build_boards, rendered
from bench.domains.functions import scoring
from bench.domains.functions.scoring import score_functions
from bench.submissions.consistent import verify_consistent
from tests.domains.test_scoring import KERNELS, WAVES, functions, nothing, random
from tests.records.factory import metric, regression_scores, store_run
from tests.runs.conftest import Workshop


def covered(y: Tensor, prediction: Any) -> np.ndarray:
    found: np.ndarray = score_functions(KERNELS, functions(y), prediction)["coverage95"]
    return found


@pytest.mark.parametrize("claimed, true", [(1.0, 0.95), (0.5, 0.6729), (2.0, 0.99991)])
def test_a_simulated_gaussian_is_covered_as_scipy_says(claimed: float, true: float) -> None:
    """Standard normal targets under honest, too narrow and too wide deviations: P(|z| <= 1.96 std)."""
    y = random(200, 500, 1)
    found = covered(y, bench.Gaussian(torch.zeros_like(y), torch.full_like(y, claimed)))
    exact = 2 * stats.norm.cdf(stats.norm.ppf(0.975) * claimed) - 1
    assert exact == pytest.approx(true, abs=1e-4)
    assert found.mean() == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 100_000))


def test_the_ends_of_the_interval() -> None:
    """1.96 deviations, not 2: five targets on either side of it."""
    y = torch.tensor([1.95, -1.95, 0.0, 1.97, -1.97])[None, :, None].double()
    assert covered(y, bench.Gaussian(torch.zeros_like(y), torch.ones_like(y))).tolist() == [3 / 5]


def test_every_component_of_a_target_counts() -> None:
    y = torch.tensor([[[0.0, 9.0], [0.0, 0.0]]]).double()
    assert covered(y, bench.Gaussian(torch.zeros_like(y), torch.ones_like(y))).tolist() == [3 / 4]


def beyond(value: float, share: float, mean: np.ndarray, std: np.ndarray) -> float:
    """How far a mixture's CDF at `value` lies above `share`."""
    return float(np.mean(stats.norm.cdf(value, mean, std))) - share


def test_a_mixture_by_its_quantiles() -> None:
    """The interval of a mixture found by root search on the CDF, here of three components far apart."""
    y, mean, std = random(4, 60, 1) * 3, random(3, 4, 60, 1, seed=1) * 3, random(3, 4, 60, 1, seed=2).exp() / 3
    found = covered(y, bench.GaussianMixture(mean, std))
    for b in range(4):
        inside = 0
        for q in range(60):
            parts = (mean[:, b, q, 0].numpy(), std[:, b, q, 0].numpy())
            low, high = (optimize.brentq(beyond, -99, 99, (share, *parts)) for share in (0.025, 0.975))
            inside += low <= float(y[b, q, 0]) <= high
        assert found[b] == pytest.approx(inside / 60)


def test_a_simulated_mixture_is_covered_in_95_of_100() -> None:
    mean, std = random(5, 1, 1, 1, seed=1) * 2, random(5, 1, 1, 1, seed=2).exp()
    which = torch.randint(5, (400, 250, 1), generator=torch.Generator().manual_seed(3))
    y = mean.flatten()[which] + std.flatten()[which] * random(400, 250, 1, seed=4)
    found = covered(y, bench.GaussianMixture(mean.expand(5, 400, 250, 1), std.expand(5, 400, 250, 1)))
    assert found.mean() == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 100_000))


def test_correlated_targets_are_covered_marginally() -> None:
    y, root = random(3, 6, 1, seed=1) * 3, random(3, 6, 6, seed=2)
    cov = root @ root.transpose(1, 2) + 0.1 * torch.eye(6, dtype=root.dtype)
    std = torch.diagonal(cov, dim1=1, dim2=2).sqrt()[:, :, None]
    found = covered(y, bench.MultivariateGaussian(torch.zeros_like(y), cov))
    assert found.tolist() == covered(y, bench.Gaussian(torch.zeros_like(y), std)).tolist()
    assert 0 < found.mean() < 1


def test_a_point_has_no_coverage_and_a_failure_has_the_prior_s() -> None:
    y = random(3, 7, 1)
    assert "coverage95" not in score_functions(WAVES, functions(y), bench.Point(y))
    y = torch.tensor([0.0, 0.5, 9.0, -9.0])[None, :, None].double()  # the prior's deviation is .6
    scored = score_functions(KERNELS, functions(y), nothing(y))
    assert scored["floored"].all() and scored["coverage95"].tolist() == [0.5]


def test_scores_from_before_the_metric_are_continued_without_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = scoring._measure
    with monkeypatch.context() as before:
        before.setattr(scoring, "_measure", lambda *given: {k: v for k, v in measure(*given).items() if "95" not in k})
        old = workshop.run("Latent", "gp1d-rbf", episodes=41)
    assert [m.name for m in old.record.metrics] == ["loglik", "loglik_joint", "mse"]
    assert not verify_consistent(old.path).of("mismatch")
    longer = workshop.run("Latent", "gp1d-rbf", episodes=100)
    assert longer.path == old.path and longer.record.episodes == 100
    assert [m.name for m in longer.record.metrics] == [m.name for m in old.record.metrics]
    assert np.isfinite(workshop.scores(longer)["loglik_joint"]).all()
    assert not verify_consistent(longer.path).of("mismatch")


def test_a_board_shows_it_in_percent_beside_rows_without_it(tmp_path: Path) -> None:
    scores = regression_scores().drop(columns=["mse@step0", "mse@step1"])
    new = scores.assign(coverage95=np.where(np.arange(len(scores)) % 20, 1.0, 0.5))
    store_run(tmp_path, scores, algorithm__name="before")
    coverage = metric("coverage95", "fraction", True, new["coverage95"].to_numpy())
    ranked = metric("mse", "squared target unit", False, new["score"].to_numpy())
    store_run(tmp_path, new, algorithm__name="since", metrics=[ranked, coverage])
    (board,) = build_boards(tmp_path)
    page = rendered([board], "markdown")
    assert "| coverage95, % |" in page
    before, since = (next(line for line in page.splitlines() if f"| {name} " in line) for name in ("before", "since"))
    assert "97.50 ±" in since and "97.50" not in before
