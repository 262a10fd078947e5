"""Neural processes and the Gaussian-process oracle against direct computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from bench.domains.episodes import Episodes
from bench.domains.functions.scoring import score_functions
from bench.tasks.registry import find_suite
from tests.baselines.material import answer, episodes, make, tensors
from tests.domains.test_function_episodes import reference_kernel
from tests.streams import frozen_episodes


def permuted_context(part: Episodes) -> Episodes:
    order = torch.randperm(part.support_x.shape[1], generator=torch.Generator().manual_seed(2))
    context = (part.support_x[:, order], part.support_y[:, order])
    return Episodes(*context, part.query_x, part.query_y, 0, parameters=part.parameters)


@pytest.mark.parametrize("name", ["cnp", "np", "anp", "tnp", "convcnp", "gp_oracle"])
def test_the_order_of_the_context_does_not_matter(name: str) -> None:
    learner, part = make(name, "gp-rbf"), episodes("gp-rbf")
    found, permuted = (tensors(answer(learner, e)) for e in (part, permuted_context(part)))
    for key, value in found.items():
        torch.testing.assert_close(permuted[key], value, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name, bound", [("cnp", 0.1), ("np", 0.1), ("anp", 0.1), ("tnp", 0.0), ("convcnp", 0.01)])
def test_the_context_does_matter_and_deviations_are_bounded(name: str, bound: float) -> None:
    learner, part = make(name, "sinusoid"), episodes("sinusoid")
    other = Episodes(part.support_x, part.support_y + 1, part.query_x, part.query_y, 0)
    found = answer(learner, part)
    assert not torch.allclose(found.mean, answer(learner, other).mean)
    assert float(found.std.min()) > bound


def test_cnp_is_trained_on_the_mean_negative_log_likelihood() -> None:
    learner, part = make("cnp", "sinusoid"), episodes("sinusoid")
    found = answer(learner, part)
    expected = -stats.norm(found.mean, found.std).logpdf(part.query_y).mean()
    assert float(learner.loss(part).detach()) == pytest.approx(expected, rel=1e-9)


def test_the_evidence_lower_bound_by_hand_with_a_fixed_draw() -> None:
    learner, part = make("np", "sinusoid", latent=3, width=8, train_samples=2), episodes("sinusoid", b=2)
    torch.manual_seed(5)
    found = float(learner.loss(part).detach())
    torch.manual_seed(5)
    draws = torch.normal(torch.zeros(2, 2, 3, dtype=torch.float64), torch.ones(2, 2, 3, dtype=torch.float64))
    bounds = []
    with torch.no_grad():
        for b in range(2):
            x, y, q, t = (v[b : b + 1] for v in (part.support_x, part.support_y, part.query_x, part.query_y))
            raw_prior = learner.latent(x, y)[0].numpy()
            raw_post = learner.latent(torch.cat([x, q], 1), torch.cat([y, t], 1))[0].numpy()
            (m0, s0), (m1, s1) = ((raw[:3], 0.1 + 0.9 / (1 + np.exp(-raw[3:]))) for raw in (raw_prior, raw_post))
            divergence = (np.log(s0 / s1) + (s1**2 + (m1 - m0) ** 2) / (2 * s0**2) - 0.5).sum()
            fits = []
            for k in range(2):
                z = torch.from_numpy(m1 + s1 * draws[k, b].numpy())
                inputs = torch.cat([learner.deterministic(x, y)[0], z]).expand(q.shape[1], -1)
                mean, raw = learner.decoder(torch.cat([inputs, q[0]], dim=1)).numpy().T
                std = 0.1 + 0.9 * np.log1p(np.exp(raw))
                fits.append(stats.norm(mean, std).logpdf(t[0, :, 0].numpy()).sum())
            bounds.append(np.mean(fits) - divergence)
    assert found == pytest.approx(-np.mean(bounds) / part.query_y.shape[1], rel=1e-9)


def test_np_mixes_the_same_draws_in_every_episode() -> None:
    learner, part = make("np", "sinusoid", test_samples=7), episodes("sinusoid")
    found = answer(learner, part)
    assert found.mean.shape == (7, 3, 9, 1)
    assert learner.state_dict()["noise_z"].shape == (7, 1, 128)


@pytest.mark.parametrize("kernel", ["rbf", "matern52", "periodic"])
def test_the_oracle_against_a_direct_solve(kernel: str) -> None:
    part = episodes(f"gp-{kernel}")
    found = answer(make("gp_oracle", f"gp-{kernel}"), part)
    s = part.support_x.shape[1]
    for b in range(3):
        x = torch.cat([part.support_x[b], part.query_x[b]]).numpy()[:, 0]
        hyper = [float(part.parameters[name][b]) for name in ("length", "scale", "period")]
        k = reference_kernel(kernel, x, *hyper) + 0.02**2 * np.eye(len(x))  # type: ignore[arg-type]  # a kernel's name
        gain = k[s:, :s] @ np.linalg.inv(k[:s, :s])
        np.testing.assert_allclose(found.mean[b], gain @ part.support_y[b].numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(found.cov[b], k[s:, s:] - gain @ k[:s, s:], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kernel", ["rbf", "matern52", "periodic"])
def test_the_oracle_is_calibrated_on_frozen_episodes(kernel: str) -> None:
    """Standardised errors of the true posterior are standard normal: the stream and the oracle mean the same thing."""
    suite = find_suite(f"gp1d-{kernel}")
    oracle, errors = make("gp_oracle", f"gp-{kernel}"), []
    for part in frozen_episodes(suite).batches(320, 16):
        found = answer(oracle, part)
        std = torch.diagonal(found.cov, dim1=1, dim2=2).sqrt()
        errors.append(((part.query_y.double() - found.mean)[..., 0] / std).flatten())
        scored = score_functions(suite, part, found)
        assert not scored["floored"].any()
    squares = torch.cat(errors) ** 2
    assert float(squares.mean()) == pytest.approx(1.0, abs=0.1)
    assert float((squares < 1.96**2).double().mean()) == pytest.approx(0.95, abs=0.015)
    assert math.isfinite(float(squares.max()))
