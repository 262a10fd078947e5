"""Episodes of regression: sinusoids and Gaussian-process draws, as arrays made from Philox words.

Everything up to the function values is exact arithmetic on words; the values themselves go through sin, exp and a
Cholesky factor and agree between machines to about 1e-6, so manifests hash words and parameters, not values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.domains.functions.task import GPTask, Kernel, SinusoidTask
from bench.domains.sources import pieces
from bench.philox import Stream, below, uniform, words

Floats = npt.NDArray[np.float64]
BLOCK = 16  # consecutive test and validation episodes that share context and target sizes


@dataclass(frozen=True)
class Functions:
    """A block of n episodes of one shape, float64.

    support_x, query_x : [n, S, 1], [n, Q, 1]; support_y, query_y likewise.
    parameters : what generated each function, [n] each; only oracles see it.
    """

    first: int
    support_x: Floats
    support_y: Floats
    query_x: Floats
    query_y: Floats
    parameters: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class SinusoidStream:
    """Random access to sinusoid episodes."""

    stream: Stream
    task: SinusoidTask

    @property
    def width(self) -> int:
        return 2 + self.task.context + self.task.target

    def blocks(self, first: int, n: int, batch: int) -> Iterator[Functions]:
        """The same pieces as `pieces`, drawn."""
        return (self.block(*piece) for piece in self.pieces(first, n, batch))

    def pieces(self, first: int, n: int, batch: int) -> Iterator[tuple[int, int]]:
        """Episodes first .. first + n - 1 as (first, n) of pieces of at most `batch`."""
        return pieces(first, n, batch)

    def block(self, first: int, n: int) -> Functions:
        task, raw = self.task, words(self.stream, first, n, self.width)
        amplitude = uniform(raw[:, 0], *task.amplitude)
        phase = uniform(raw[:, 1], *task.phase)
        x = uniform(raw[:, 2:], *task.x)
        y = amplitude[:, None] * np.sin(x - phase[:, None])
        s = task.context
        return Functions(
            first,
            x[:, :s, None],
            y[:, :s, None],
            x[:, s:, None],
            y[:, s:, None],
            {"amplitude": amplitude, "phase": phase},
        )


@dataclass(frozen=True)
class GPStream:
    """Random access to Gaussian-process episodes; sizes are a function of (stream, i // per_block)."""

    stream: Stream
    task: GPTask
    kernel: Kernel
    per_block: int = BLOCK

    @property
    def width(self) -> int:
        return 3 + 2 * (self.task.max_points - 1)

    def sizes(self, first_block: int, n: int) -> npt.NDArray[np.int64]:
        """Context and target sizes of blocks first_block .. first_block + n - 1: int64 [n, 2]."""
        task, raw = self.task, words((*self.stream, "sizes"), first_block, n, 2)
        low, high = task.context
        context = low + below(raw[:, 0], high - low + 1)
        target = task.target_min + below(raw[:, 1], task.max_points - task.target_min - context)
        return np.stack([context, target], axis=1)

    def blocks(self, first: int, n: int, batch: int) -> Iterator[Functions]:
        """The same pieces as `pieces`, drawn."""
        return (self.block(*piece) for piece in self.pieces(first, n, batch))

    def pieces(self, first: int, n: int, batch: int) -> Iterator[tuple[int, int]]:
        """Episodes first .. first + n - 1 as (first, n) of pieces of one shape, at most a block each."""
        start, end = first, first + n
        while start < end:
            stop = min((start // self.per_block + 1) * self.per_block, start + batch, end)
            yield start, stop - start
            start = stop

    def block(self, first: int, n: int) -> Functions:
        """Episodes first .. first + n - 1, which must lie in one block."""
        if n < 1 or first // self.per_block != (first + n - 1) // self.per_block:
            raise ValueError(f"episodes {first}..{first + n - 1} cross a block of {self.per_block}: shapes may differ")
        from scipy.special import ndtri

        task, raw = self.task, words(self.stream, first, n, self.width)
        context, target = (int(size) for size in self.sizes(first // self.per_block, 1)[0])
        points = context + target
        parameters = {
            "length": uniform(raw[:, 0], *task.length),
            "scale": uniform(raw[:, 1], *task.scale),
            "period": uniform(raw[:, 2], *task.period),
        }
        x = uniform(raw[:, 3 : 3 + points], *task.x)
        # The half step keeps the argument inside (0, 1), where the inverse normal CDF is finite.
        normal = ndtri(uniform(raw[:, 3 + task.max_points - 1 :][:, :points]) + 2.0**-54)
        covariance = kernel_matrix(self.kernel, x, x, **parameters) + task.noise**2 * np.eye(points)
        y = np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), normal)
        return Functions(
            first,
            x[:, :context, None],
            y[:, :context, None],
            x[:, context:, None],
            y[:, context:, None],
            parameters,
        )


def kernel_matrix(kernel: Kernel, a: Floats, b: Floats, length: Floats, scale: Floats, period: Floats) -> Floats:
    """Covariances of f(a) and f(b): a [n, p], b [n, q], hyperparameters [n] -> [n, p, q].

    rbf: s^2 exp(-d^2 / 2 l^2); matern52: s^2 (1 + r + r^2 / 3) exp(-r), r = sqrt(5) d / l;
    periodic: s^2 exp(-2 sin^2(pi d / p) / l^2) (Rasmussen & Williams 2006, eqs. 4.9, 4.17, 4.31).
    """
    distance = np.abs(a[:, :, None] - b[:, None, :])
    length, scale, period = (value[:, None, None] for value in (length, scale, period))
    if kernel == "rbf":
        correlation = np.exp(-0.5 * (distance / length) ** 2)
    elif kernel == "matern52":
        r = np.sqrt(5.0) * distance / length
        correlation = (1 + r + r**2 / 3) * np.exp(-r)
    else:
        correlation = np.exp(-2 * (np.sin(np.pi * distance / period) / length) ** 2)
    covariance: Floats = scale**2 * correlation
    return covariance
