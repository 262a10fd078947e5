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


@pytest.mark.parametrize("options", [{}, {"score_context": False}, {"encoders": 1, "post_depth": 0}])
def test_cnp_is_trained_on_the_mean_negative_log_likelihood(options: dict[str, int]) -> None:
    learner, part = make("cnp", "sinusoid", **options), episodes("sinusoid")
    found, context = answer(learner, part), answer(learner, context_as_queries(part))
    densities = [stats.norm(found.mean, found.std).logpdf(part.query_y)]
    if options.get("score_context", True):
        densities.append(stats.norm(context.mean, context.std).logpdf(part.support_y))
    expected = -np.concatenate(densities, axis=1).mean()
    assert float(learner.loss(part).detach()) == pytest.approx(expected, rel=1e-9)


def context_as_queries(part: Episodes) -> Episodes:
    return Episodes(part.support_x, part.support_y, part.support_x, part.support_y, 0)


def layers(network: torch.nn.Module) -> list[tuple[np.ndarray, np.ndarray]]:
    linear = [m for m in network.modules() if isinstance(m, torch.nn.Linear)]
    return [(m.weight.detach().numpy(), m.bias.detach().numpy()) for m in linear]


def mlp_by_hand(network: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    """Linear layers, in order, with ReLU between them, of joined inputs [..., n]."""
    for i, (weight, bias) in enumerate(layers(network)):
        x = (np.maximum(x, 0) if i else x) @ weight.T + bias
    return x


@pytest.mark.parametrize("encoders, post_depth", [(2, 2), (1, 0)])
def test_cnp_s_answer_by_hand(encoders: int, post_depth: int) -> None:
    """The decoder's first layer is computed part by part; here of the joined vector, point by point."""
    learner, part = make("cnp", "sinusoid", encoders=encoders, post_depth=post_depth, width=8), episodes("sinusoid")
    found = answer(learner, part)
    for b, q in np.ndindex(3, 9):
        pairs = torch.cat([part.support_x[b], part.support_y[b]], dim=1).numpy()
        codes = [mlp_by_hand(e.after, mlp_by_hand(e.before, pairs).mean(0)) for e in learner.encoders]
        mean, raw = mlp_by_hand(learner.decoder, np.concatenate([*codes, part.query_x[b, q].numpy()]))
        assert float(found.mean[b, q]) == pytest.approx(mean, rel=1e-9)
        assert float(found.std[b, q]) == pytest.approx(0.1 + 0.9 * np.log1p(np.exp(raw)), rel=1e-9)


@pytest.mark.parametrize("name", ["np", "anp"])
@pytest.mark.parametrize("draws", [1, 4])
@pytest.mark.parametrize("score_context", [True, False])
def test_the_bound_by_hand_with_fixed_draws(name: str, draws: int, score_context: bool) -> None:
    """One draw: log-density minus the divergence. Several: the log of their mean importance weight. Both per point."""
    small = {"latent": 3, "width": 8} | ({"heads": 2} if name == "anp" else {})
    learner = make(name, "sinusoid", **small, train_samples=draws, score_context=score_context)
    part = episodes("sinusoid", b=2)
    torch.manual_seed(5)
    found = float(learner.loss(part).detach())
    torch.manual_seed(5)
    noise = torch.normal(torch.zeros(draws, 2, 3, dtype=torch.float64), torch.ones(draws, 2, 3, dtype=torch.float64))
    bounds = []
    for b in range(2):
        x, y, q, t = (v[b : b + 1] for v in (part.support_x, part.support_y, part.query_x, part.query_y))
        all_x, all_y = torch.cat([x, q], 1), torch.cat([y, t], 1)
        target_x, target_y = (all_x, all_y) if score_context else (q, t)
        with torch.no_grad():
            raws = [learner.latent(*points)[0].numpy() for points in ((x, y), (all_x, all_y))]
            told = learner.deterministic_path(x, y, target_x)[0].expand(target_x.shape[1], -1).numpy()
        (m0, s0), (m1, s1) = ((raw[:3], 0.1 + 0.9 / (1 + np.exp(-raw[3:]))) for raw in raws)
        log_weights = []
        for k in range(draws):
            z = m1 + s1 * noise[k, b].numpy()
            inputs = np.concatenate([told, np.tile(z, (len(told), 1)), target_x[0].numpy()], axis=1)
            mean, raw = mlp_by_hand(learner.decoder, inputs).T
            fit = stats.norm(mean, 0.1 + 0.9 * np.log1p(np.exp(raw))).logpdf(target_y[0, :, 0].numpy()).sum()
            ratio = stats.norm(m0, s0).logpdf(z).sum() - stats.norm(m1, s1).logpdf(z).sum()
            divergence = (np.log(s0 / s1) + (s1**2 + (m1 - m0) ** 2) / (2 * s0**2) - 0.5).sum()
            log_weights.append(fit + (ratio if draws > 1 else -divergence))
        bounds.append(np.log(np.mean(np.exp(log_weights))) / len(told))
    assert found == pytest.approx(-np.mean(bounds), rel=1e-9)


def test_more_draws_raise_the_bound() -> None:
    """In expectation (Burda et al. 2016, theorem 1): averaged over many episodes and draws it is seen."""
    losses = {}
    for draws in (1, 50):
        learner, part = make("np", "sinusoid", latent=3, width=8, train_samples=draws), episodes("sinusoid", b=500)
        torch.manual_seed(0)
        losses[draws] = float(learner.loss(part).detach())
    assert losses[50] < losses[1]


PUBLISHED_SIZES = [("cnp", 215_682), ("np", 232_194), ("anp", 348_418), ("tnp", 222_082), ("convcnp", 50_612)]


@pytest.mark.parametrize("name, parameters", PUBLISHED_SIZES)
def test_networks_are_as_large_as_the_authors(name: str, parameters: int) -> None:
    """Numbers of parameters counted in the authors' code; convcnp's in the form of its recipe `paper`."""
    options = {"length_scales": "channel"} if name == "convcnp" else {}
    assert sum(p.numel() for p in make(name, "gp-rbf", **options).parameters()) == parameters


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
