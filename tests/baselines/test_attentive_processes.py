"""ANP, TNP and ConvCNP against torch's own attention, symmetry and hand computation, and whether they learn."""

from __future__ import annotations

from typing import Any

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


def test_anp_s_attention_by_torch_s_multi_head_attention() -> None:
    """Post-norm, on projected queries; dot products divided by the root of all 24 dimensions, not of a head's 8."""
    torch.manual_seed(0)
    mine, theirs = Attention(24, 3).double(), nn.MultiheadAttention(24, 3, bias=False, batch_first=True).double()
    with torch.no_grad():
        scaled = mine.query.weight / np.sqrt(3)
        theirs.in_proj_weight.copy_(torch.cat([scaled, mine.key.weight, mine.value.weight]))
        theirs.out_proj.weight.copy_(torch.eye(24))
    queries, keys, values = draw(2, 5, 24), draw(2, 7, 24, seed=1), draw(2, 7, 24, seed=2)
    seen, _ = theirs(queries, keys, values)
    attended = F.layer_norm(queries @ mine.query.weight.T + seen, (24,))
    expected = F.layer_norm(attended + F.relu(attended @ mine.out.weight.T + mine.out.bias), (24,))
    torch.testing.assert_close(mine(queries, keys, values), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("self_attention, grow", [(True, True), (False, False)])
def test_points_of_anp_s_context_see_each_other_by_self_attention_only(self_attention: bool, grow: bool) -> None:
    """Whether a context point's code depends on the others, in both encoders."""
    learner, part = make("anp", "sinusoid", self_attention=self_attention), episodes("sinusoid", b=1)
    pairs = torch.cat([part.support_x, part.support_y], dim=2)
    for encoder in (learner.deterministic.values, learner.latent.before):
        alone, together = encoder(pairs[:, :1]), encoder(pairs)[:, :1]
        assert torch.allclose(alone, together) is not grow


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


def test_a_set_convolution_of_a_length_scale_a_channel_is_one_of_each() -> None:
    layer = SetConv(0.3, 2).double()
    at, x, values = draw(2, 4, 1), draw(2, 3, 1, seed=1), draw(2, 3, 2, seed=2)
    with torch.no_grad():
        layer.log_length.copy_(torch.tensor([0.2, 0.7]).log())
        found = layer(at, x, values)
        for d, length in enumerate((0.2, 0.7)):
            single = SetConv(length).double()(at, x, values[..., d : d + 1])
            torch.testing.assert_close(found[..., d : d + 1], single, rtol=1e-6, atol=1e-9)


PAPER = {"activation": "sigmoid", "length_scales": "channel", "min_std": 0.0, "initialization": "glorot"}


def test_convcnp_s_published_form_keeps_mean_and_deviation_apart() -> None:
    learner, part = make("convcnp", "gp-rbf", **PAPER), episodes("gp-rbf")
    before = answer(learner, part)
    with torch.no_grad():
        learner.std_from_grid.log_length.add_(0.5)
    after = answer(learner, part)
    torch.testing.assert_close(after.mean, before.mean)
    assert not torch.allclose(after.std, before.std)
    with torch.no_grad():
        learner.std_head.weight.zero_()
        learner.std_head.bias.fill_(-5.0)
    assert float(answer(learner, part).std.max()) == pytest.approx(np.log1p(np.exp(-5.0))), "no lower bound"


def test_convcnp_s_published_start() -> None:
    """Glorot-normal weights, of standard deviation sqrt(2 / (fans)), and small biases."""
    learner_class = load(find_learner("convcnp"))
    learner: Any = learner_class(SPECS["gp-rbf"], resolve_options(learner_class, PAPER | {"channels": 32}))
    assert not learner.lift.bias.any() and not learner.std_head.bias.any()
    for layer in (*learner.network.down, *learner.network.up):
        assert torch.equal(layer.bias, torch.full_like(layer.bias, 1e-3))
        fans = 5 * (layer.in_channels + layer.out_channels)
        assert float(layer.weight.detach().std()) == pytest.approx(np.sqrt(2 / fans), rel=0.05)


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
        pytest.param("cnp", 300, {"width": 32, "encoders": 1, "post_depth": 0}, -0.3, marks=pytest.mark.slow),
        ("np", 300, {"width": 32, "latent": 8}, -0.7),
        pytest.param("np", 300, {"width": 32, "latent": 8, "train_samples": 1}, -0.7, marks=pytest.mark.slow),
        ("anp", 300, {"width": 32, "latent": 8, "heads": 4}, -0.2),
        ("tnp", 300, {"width": 32, "layers": 2, "hidden": 32}, 0.5),
        pytest.param("convcnp", 150, {"density": 16}, 0.1, marks=pytest.mark.slow),
        ("convcnp", 150, {"density": 16} | PAPER, -0.4),
    ],
)
def test_lines_are_learned_in_seconds(name: str, steps: int, options: dict[str, Any], reached: float) -> None:
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
