"""Sinusoids and Gaussian processes: sizes, ranges, values and covariances against independent computations."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from scipy.spatial.distance import cdist

from bench.domains.functions.episodes import training_stream
from bench.domains.functions.stream import BLOCK, Functions, GPStream, SinusoidStream, kernel_matrix
from bench.domains.functions.task import FunctionTask, GPTask, Kernel, function_task
from bench.philox import Stream
from bench.tasks.registry import find_suite
from bench.tasks.suites import Suite
from tests.streams import frozen_stream

KERNELS: tuple[Kernel, ...] = ("rbf", "matern52", "periodic")


@cache
def gp(kernel: Kernel = "rbf") -> GPStream:
    stream = frozen_stream(find_suite(f"gp1d-{kernel}"), "test")
    assert isinstance(stream, GPStream) and stream.kernel == kernel
    return stream


@cache
def sinusoid() -> SinusoidStream:
    stream = frozen_stream(find_suite("sinusoid-10s"), "test")
    assert isinstance(stream, SinusoidStream)
    return stream


def of_seed(suite: Suite, seed: int) -> tuple[Stream, FunctionTask]:
    return (suite.name, suite.version, "train", seed), function_task(suite)


def reference_kernel(kernel: Kernel, x: np.ndarray, length: float, scale: float, period: float) -> np.ndarray:
    """The covariance of f at x [p], from other formulas than the library's."""
    if kernel == "rbf":
        normal = stats.norm(0, length)
        return np.asarray(scale**2 * normal.pdf(x[:, None] - x) / normal.pdf(0.0))
    if kernel == "matern52":  # the general Matern form (Rasmussen & Williams 2006, eq. 4.14) at nu = 5/2
        nu, r = 2.5, np.sqrt(5.0) * np.abs(x[:, None] - x) / length
        r = np.where(r == 0, 1e-10, r)
        return np.asarray(scale**2 * 2 ** (1 - nu) / special.gamma(nu) * r**nu * special.kv(nu, r))
    circle = np.stack([np.cos(2 * np.pi * x / period), np.sin(2 * np.pi * x / period)], axis=1)
    return np.asarray(scale**2 * np.exp(-cdist(circle, circle, "sqeuclidean") / (2 * length**2)))  # RBF on the circle


def joined(block: Functions) -> tuple[np.ndarray, np.ndarray]:
    """All points of each episode: x and y [n, S + Q]."""
    x = np.concatenate([block.support_x, block.query_x], axis=1)[:, :, 0]
    y = np.concatenate([block.support_y, block.query_y], axis=1)[:, :, 0]
    return x, y


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel_matrices_match_an_independent_formula(kernel: Kernel) -> None:
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, (6, 9))
    length, scale, period = random.uniform(0.1, 0.6, 6), random.uniform(0.1, 1, 6), random.uniform(0.1, 0.5, 6)
    found = kernel_matrix(kernel, x, x, length, scale, period)
    expected = [
        reference_kernel(kernel, *row) for row in zip(x, length.tolist(), scale.tolist(), period.tolist(), strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_gp_values_have_the_covariance_they_claim(kernel: Kernel) -> None:
    """Whitened with an independently computed covariance, the values are independent standard normals."""
    stream, white, first = gp(kernel), [], []
    for block in stream.blocks(0, 800, BLOCK):
        for x, y, *hyper in zip(*joined(block), *block.parameters.values(), strict=True):
            covariance = reference_kernel(kernel, x, *hyper) + stream.task.noise**2 * np.eye(len(x))
            row = np.linalg.solve(np.linalg.cholesky(covariance), y)
            white.append(row)
            first.append(row[:6])
    values = np.concatenate(white)
    assert stats.kstest(values, "norm").pvalue > 1e-3
    correlation = np.corrcoef(np.array(first).T)[np.triu_indices(6, 1)]
    assert np.abs(correlation).max() < 4.5 / np.sqrt(800)


def test_gp_blocks_of_sixteen_share_sizes_and_are_never_mixed() -> None:
    stream = gp()
    shapes = [(block.first, block.support_x.shape, block.query_x.shape) for block in stream.blocks(5, 200, 100)]
    for first, support, query in shapes:
        assert first // BLOCK == (first + support[0] - 1) // BLOCK
        assert tuple(stream.sizes(first // BLOCK, 1)[0]) == (support[1], query[1])
    assert [first for first, _, _ in shapes][:3] == [5, 16, 32]
    assert sum(support[0] for _, support, _ in shapes) == 200
    assert all(a + s[0] == b for (a, s, _), (b, _, _) in pairwise(shapes))
    assert len({(s[1], q[1]) for _, s, q in shapes}) > 5, "sizes vary from block to block"


@pytest.mark.parametrize("first, n", [(0, 17), (15, 2), (8, 16), (3, 0)])
def test_a_block_across_sizes_is_refused(first: int, n: int) -> None:
    with pytest.raises(ValueError, match="cross a block"):
        gp().block(first, n)


def test_gp_sizes_are_uniform_on_the_declared_ranges() -> None:
    sizes = gp().sizes(0, 60_000)
    context, target = sizes.T
    assert (context.min(), context.max()) == (3, 46)
    assert target.min() == 3 and (context + target).max() == 49
    assert stats.chisquare(np.bincount(context - 3)).pvalue > 1e-3
    for fixed in (3, 25, 44):
        given_context = target[context == fixed]
        assert stats.chisquare(np.bincount(given_context - 3, minlength=47 - fixed)).pvalue > 1e-3


@pytest.mark.parametrize("kernel", KERNELS)
def test_gp_inputs_and_hyperparameters_fill_their_ranges(kernel: Kernel) -> None:
    stream = gp(kernel)
    blocks = list(stream.blocks(0, 3_200, BLOCK))
    task = stream.task
    for name in ("length", "scale", "period"):
        low, high = getattr(task, name)
        drawn = np.concatenate([block.parameters[name] for block in blocks])
        assert stats.kstest(drawn, stats.uniform(low, high - low).cdf).pvalue > 1e-3
    x = np.concatenate([joined(block)[0].ravel() for block in blocks])
    assert x.min() >= -2 and x.max() < 2
    assert stats.kstest(x, stats.uniform(-2, 4).cdf).pvalue > 1e-3


@settings(max_examples=40, deadline=None)
@given(first=st.integers(0, 10**6), n=st.integers(1, 60), batch=st.integers(1, 40), data=st.data())
def test_gp_episodes_are_the_same_alone_and_in_any_batch(first: int, n: int, batch: int, data: st.DataObject) -> None:
    stream = gp(data.draw(st.sampled_from(KERNELS)))
    blocks = list(stream.blocks(first, n, batch))
    assert max(len(block.support_x) for block in blocks) <= min(batch, BLOCK)
    block = data.draw(st.sampled_from(blocks))
    row = data.draw(st.integers(0, len(block.support_x) - 1))
    alone = stream.block(block.first + row, 1)
    for name in ("support_x", "query_x"):
        assert (getattr(alone, name)[0] == getattr(block, name)[row]).all()
    for name in ("support_y", "query_y"):  # a batched factorisation may round differently
        np.testing.assert_allclose(getattr(alone, name)[0], getattr(block, name)[row], rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(first=st.integers(0, 10**9), n=st.integers(1, 60), batch=st.integers(1, 40))
def test_sinusoid_episodes_are_the_same_alone_and_in_any_batch(first: int, n: int, batch: int) -> None:
    stream = sinusoid()
    blocks = list(stream.blocks(first, n, batch))
    for name in ("support_x", "support_y", "query_x", "query_y"):
        together = np.concatenate([getattr(block, name) for block in blocks])
        alone = getattr(stream.block(first + n - 1, 1), name)
        assert len(together) == n
        np.testing.assert_allclose(together[-1], alone[0], rtol=1e-12, atol=1e-14)


def test_sinusoid_values_and_ranges() -> None:
    block = sinusoid().block(0, 4_000)
    amplitude, phase = block.parameters["amplitude"], block.parameters["phase"]
    assert stats.kstest(amplitude, stats.uniform(0.1, 4.9).cdf).pvalue > 1e-3
    assert stats.kstest(phase, stats.uniform(0, np.pi).cdf).pvalue > 1e-3
    x, y = joined(block)
    assert x.shape == (4_000, 110) and block.support_x.shape[1] == 10
    assert stats.kstest(x[:, :5].ravel(), stats.uniform(-5, 10).cdf).pvalue > 1e-3
    # A sin(x - phi) as the imaginary part of A exp(i (x - phi)).
    np.testing.assert_allclose(y, (amplitude[:, None] * np.exp(1j * (x - phase[:, None]))).imag, atol=1e-12)


def test_training_draws_from_the_training_kernel_and_test_from_the_test_kernel() -> None:
    suite = find_suite("gp1d-periodic")
    streams = [frozen_stream(suite, "test"), frozen_stream(suite, "val"), training_stream(*of_seed(suite, 0))]
    assert [stream.kernel for stream in streams if isinstance(stream, GPStream)] == ["periodic", "rbf", "rbf"]


def test_splits_and_seeds_share_no_function() -> None:
    suite = find_suite("gp1d-rbf")
    streams = [frozen_stream(suite, split) for split in ("test", "val")]
    streams += [training_stream(*of_seed(suite, seed)) for seed in range(2)]
    lengths = [
        block.parameters["length"]
        for stream in streams
        if isinstance(stream, GPStream)
        for block in stream.blocks(0, 320, BLOCK)
    ]
    assert len(np.unique(np.concatenate(lengths))) == 4 * 320


def test_training_sizes_change_with_every_batch() -> None:
    suite = find_suite("gp1d-rbf")
    assert isinstance(suite.task, GPTask)
    stream = training_stream(*of_seed(suite, 0), batch=5)
    assert isinstance(stream, GPStream)
    assert [block.first for block in stream.blocks(0, 20, 5)] == [0, 5, 10, 15]
