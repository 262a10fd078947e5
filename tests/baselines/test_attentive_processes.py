"""ANP, TNP and ConvCNP against torch's own attention, symmetry and hand computation, and whether they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor, nn

import bench
from baselines.anp import Attention
from baselines.cnp import log_density
from baselines.convcnp import SetConv
from bench.domains.episodes import Episodes
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from tests.baselines.material import SPECS, answer, episodes, make, with_queries


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# -- ANP ------------------------------------------------------------------------------------------------------------


def test_anp_s_attention_is_torch_s_multi_head_attention() -> None:
    torch.manual_seed(0)
    mine, theirs = Attention(24, 3).double(), nn.MultiheadAttention(24, 3, bias=False, batch_first=True).double()
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([mine.query.weight, mine.key.weight, mine.value.weight]))
        theirs.out_proj.weight.copy_(mine.out.weight)
    queries, keys, values = draw(2, 5, 24), draw(2, 7, 24, seed=1), draw(2, 7, 24, seed=2)
    expected, _ = theirs(queries, keys, values)
    torch.testing.assert_close(mine(queries, keys, values), expected, rtol=1e-10, atol=1e-12)


def test_anp_s_evidence_lower_bound_by_hand_with_a_fixed_draw() -> None:
    """Per point of context and targets: mean log-density over the draws minus the divergence of the two priors."""
    options = {"latent": 3, "width": 8, "heads": 2, "train_samples": 2}
    learner, part = make("anp", "sinusoid", **options), episodes("sinusoid", b=2)
    torch.manual_seed(5)
    found = float(learner.loss(part).detach())
    torch.manual_seed(5)
    draws = torch.normal(torch.zeros(2, 2, 3, dtype=torch.float64), torch.ones(2, 2, 3, dtype=torch.float64)).numpy()
    bounds = []
    with torch.no_grad():
        for b in range(2):
            x, y = part.support_x[b : b + 1], part.support_y[b : b + 1]
            all_x, all_y = torch.cat([x, part.query_x[b : b + 1]], 1), torch.cat([y, part.query_y[b : b + 1]], 1)
            raws = (learner.latent(x, y)[0].numpy(), learner.latent(all_x, all_y)[0].numpy())
            (m0, s0), (m1, s1) = ((raw[:3], 0.1 + 0.9 / (1 + np.exp(-raw[3:]))) for raw in raws)
            divergence = (np.log(s0 / s1) + (s1**2 + (m1 - m0) ** 2) / (2 * s0**2) - 0.5).sum()
            attended = learner.deterministic_path(x, y, all_x)[0]
            fits = []
            for k in range(2):
                z = torch.from_numpy(m1 + s1 * draws[k, b]).expand(len(attended), -1)
                mean, raw = learner.decoder(torch.cat([attended, z, all_x[0]], dim=1)).numpy().T
                fits.append(stats.norm(mean, 0.1 + 0.9 * np.log1p(np.exp(raw))).logpdf(all_y[0, :, 0].numpy()).sum())
            bounds.append((np.mean(fits) - divergence) / len(attended))
    assert found == pytest.approx(-np.mean(bounds), rel=1e-9)


# -- TNP ------------------------------------------------------------------------------------------------------------


def reference_tnp(learner: bench.Learner, part: Episodes) -> Tensor:
    """The authors' computation: torch's encoder on all tokens under a mask that leaves the context visible."""
    options = learner.options
    layer = nn.TransformerEncoderLayer(options.width, options.heads, options.hidden, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, options.layers, enable_nested_tensor=False).double()
    for theirs, mine in zip(encoder.layers, learner.blocks, strict=True):  # type: ignore[arg-type]  # a ModuleList iterates
        theirs.self_attn.in_proj_weight = nn.Parameter(torch.cat([mine.query.weight, mine.key_value.weight]))
        theirs.self_attn.in_proj_bias = nn.Parameter(torch.cat([mine.query.bias, mine.key_value.bias]))
        theirs.self_attn.out_proj = mine.out
        theirs.linear1, theirs.linear2 = mine.forth[0], mine.forth[2]
        theirs.norm1, theirs.norm2 = mine.norms
    points = [torch.cat([part.support_x, part.support_y], -1), F.pad(part.query_x, (0, 1))]
    tokens, s = learner.embed(torch.cat(points, 1)), part.support_x.shape[1]  # type: ignore[operator]  # a module
    hidden = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool)
    hidden[:, :s] = False
    found: Tensor = learner.head(encoder.train()(tokens, mask=hidden)[:, s:])  # type: ignore[operator]  # a module
    return found


def test_tnp_is_the_masked_self_attention_of_torch() -> None:
    learner, part = make("tnp", "sinusoid"), episodes("sinusoid")
    mean, log_std = reference_tnp(learner, part).detach().chunk(2, dim=-1)
    found = answer(learner, part)
    torch.testing.assert_close(found.mean, mean, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(found.std, log_std.exp(), rtol=1e-9, atol=1e-11)


def test_no_target_of_tnp_influences_another() -> None:
    learner, part = make("tnp", "sinusoid"), episodes("sinusoid", b=1)
    moved = part.query_x.clone().requires_grad_()
    found = learner.predict(part.support_x, part.support_y, moved)
    for q in range(moved.shape[1]):
        (gradient,) = torch.autograd.grad(found.mean[0, q, 0], moved, retain_graph=True)
        assert gradient[0, q, 0] != 0
        assert gradient.count_nonzero() == 1


def test_tnp_s_deviation_may_fall_below_the_noise() -> None:
    """The score of a function that is known: 2.49 nats a point at a deviation of .02."""
    learner, part = make("tnp", "sinusoid"), episodes("sinusoid")
    with torch.no_grad():
        learner.head[-1].weight.zero_()
        learner.head[-1].bias.copy_(torch.tensor([0.0, np.log(0.02)]))
    assert float(answer(learner, part).std.max()) == pytest.approx(0.02)
    assert stats.norm(0, 0.02).expect(lambda e: stats.norm(0, 0.02).logpdf(e)) == pytest.approx(2.49, abs=0.01)


# -- ConvCNP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [3 / 64, 10.0, 0.1234])
def test_convcnp_moves_with_the_data(shift: float) -> None:
    """By multiples of the grid's step and by anything else: the grid moves with the context."""
    learner, part = make("convcnp", "gp-rbf"), episodes("gp-rbf")
    moved = Episodes(part.support_x + shift, part.support_y, part.query_x + shift, part.query_y, 0)
    found, again = answer(learner, part), answer(learner, moved)
    torch.testing.assert_close(again.mean, found.mean, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(again.std, found.std, rtol=1e-8, atol=1e-10)
    fixed = Episodes(part.support_x + 0.5, part.support_y, part.query_x, part.query_y, 0)
    assert not torch.allclose(answer(learner, fixed).mean, found.mean)


def test_a_set_convolution_by_hand() -> None:
    layer = SetConv(0.3).double()
    at, x, values = draw(2, 4, 1), draw(2, 3, 1, seed=1), draw(2, 3, 2, seed=2)
    with torch.no_grad():
        found = layer(at, x, values)
    for b, a, d in np.ndindex(2, 4, 2):
        weights = stats.norm.pdf(float(at[b, a]) - x[b, :, 0].numpy(), scale=0.3) * 0.3 * np.sqrt(2 * np.pi)
        assert float(found[b, a, d]) == pytest.approx(weights @ values[b, :, d].numpy(), rel=1e-6)


def test_the_grid_reaches_every_target_of_the_suite_and_fits_the_network() -> None:
    learner = make("convcnp", "gp-rbf")
    assert learner.cells == 512 and learner.cells / learner.options.density == 8.0
    assert load(find_learner("convcnp")).skip(bench.FunctionSpec(5, 5, x_dim=2)) is not None
    far = with_queries(episodes("gp-rbf"), slice(0, 1))
    far.query_x.add_(100)
    assert torch.isfinite(answer(learner, far).mean).all()


# -- learning -------------------------------------------------------------------------------------------------------


def lines(generator: torch.Generator) -> Episodes:
    """Toy functions y = a x + b with a, b in [-1, 1] and noise .05: 6 context points and 10 targets in [-2, 2]."""
    x = 4 * torch.rand(16, 16, 1, generator=generator) - 2
    a, b = (2 * torch.rand(16, 1, 1, generator=generator) - 1 for _ in range(2))
    y = a * x + b + 0.05 * torch.randn(16, 16, 1, generator=generator)
    return Episodes(x[:, :6], y[:, :6], x[:, 6:], y[:, 6:], 0)


@pytest.mark.parametrize(
    "name, steps, options, reached",
    [
        ("cnp", 300, {"width": 32}, -0.3),
        ("np", 300, {"width": 32, "latent": 8}, -0.2),
        ("anp", 300, {"width": 32, "latent": 8, "heads": 4}, -0.2),
        ("tnp", 300, {"width": 32, "layers": 2, "hidden": 32}, 0.5),
        ("convcnp", 150, {"density": 16}, 0.1),
    ],
)
def test_lines_are_learned_in_seconds(name: str, steps: int, options: dict[str, int], reached: float) -> None:
    """In nats a point; -1.29 is what one normal distribution for all targets scores."""
    torch.manual_seed(0)
    learner_class = load(find_learner(name))
    learner = learner_class(SPECS["gp-rbf"], resolve_options(learner_class, options))
    optimizer = torch.optim.Adam(learner.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        optimizer.zero_grad()
        learner.train_step(lines(generator))
        optimizer.step()
    learner.eval()
    scores = []
    for _ in range(10):
        part = lines(generator)
        found = answer(learner, part)
        density = log_density(found, part.query_y)
        mixed = density.logsumexp(0) - np.log(len(density)) if density.ndim == 4 else density
        scores.append(float(mixed.mean()))
    assert np.mean(scores) > reached
