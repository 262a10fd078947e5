"""Scenarios of control variates: a learner on n episodes of a stream that others have answered to its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench import stats
from bench.stats._checks import FloatArray
from bench.stats.coverage.scenario import Draw, Scenario
from bench.stats.coverage.scenarios import covers


@dataclass(frozen=True)
class ControlWorld:
    """Scores of a learner and of `k` others on a stream of N episodes; every learner has luck of its own.

    kind : "gaussian" in points; "accuracy", of 75 queries near the ceiling; "log error", of an exponential;
        "reward", lognormal and left as it is
    shared : correlation of any two learners' gaussian effects, the square root of what episodes explain
    """

    n: int
    k: int
    kind: Literal["gaussian", "accuracy", "log error", "reward"] = "gaussian"
    stream: int = 2000
    shared: float = 0.7

    def draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, float]:
        """The learner's scores [N], the others' [N, k], and the learner's mean over endless episodes."""
        easy = rng.normal(size=(self.stream, 1))
        own = rng.normal(size=(self.stream, self.k + 1))
        effects = math.sqrt(self.shared) * easy + math.sqrt(1 - self.shared) * own
        scores, mean = self._scores(rng, effects)
        return scores[:, 0], scores[:, 1:], mean

    def _scores(self, rng: np.random.Generator, effects: FloatArray) -> tuple[FloatArray, float]:
        if self.kind == "accuracy":
            return rng.binomial(75, np.clip(0.9 + 0.05 * effects, 0.0, 1.0)) / 75, _CLIPPED
        if self.kind == "log error":
            return effects + np.log(rng.exponential(size=effects.shape)), -float(np.euler_gamma)
        if self.kind == "reward":
            return np.exp(0.5 * effects), math.exp(0.125)
        return 8.0 * effects, 0.0


def _clipped_mean() -> float:
    """Mean of a normal accuracy (0.9, sd 0.05) cut at 1: 0.9 - E max(0.9 + 0.05 Z - 1, 0)."""
    z = 2.0
    density, above = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi), math.erfc(z / math.sqrt(2)) / 2
    return 0.9 - 0.05 * (density - z * above)


_CLIPPED = _clipped_mean()
_RESIDUAL = 1 - 3 * 0.7**2 / (1 + 2 * 0.7)  # of the variance, beside three controls with correlation 0.7: 1 - r' R^-1 r


def _sharpened(world: ControlWorld) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        scores, known, mean = world.draw(rng)
        return covers(stats.control_variates(scores[: world.n], known).sharpened, mean)

    return draw


def _of_the_stream(world: ControlWorld) -> Draw:
    """Holds when the interval for the N episodes themselves contains what the learner scores on all of them."""

    def draw(rng: np.random.Generator) -> bool:
        scores, known, _ = world.draw(rng)
        found = stats.control_variates(scores[: world.n], known, target="stream")
        return covers(found.sharpened, float(scores.mean()))

    return draw


def _known_means_taken_as_exact(world: ControlWorld) -> Draw:
    """The means over N episodes are a sample's, too."""

    def draw(rng: np.random.Generator) -> bool:
        scores, known, mean = world.draw(rng)
        found = stats.control_variates(scores[: world.n], known).sharpened
        half = 1.96 * found.sd / math.sqrt(world.n)
        return abs(found.mean - mean) <= half

    return draw


def _no_shift(world: ControlWorld) -> Draw:
    """Holds when an honest learner's shift from the rest of the stream to its last n episodes may be 0."""

    def draw(rng: np.random.Generator) -> bool:
        scores, known, _ = world.draw(rng)
        before, after = slice(world.stream - world.n), slice(world.stream - world.n, None)
        return covers(stats.control_shift(scores[before], known[before], scores[after], known[after]).sharpened, 0.0)

    return draw


def _planned(rng: np.random.Generator) -> bool:
    """The difference of two checkpoints, one point apart, is found; three others have answered 10,000 episodes."""
    world = ControlWorld(0, 3, stream=10_000)
    scores, known, _ = world.draw(rng)
    n = stats.episodes_needed_with_controls(8.0, _RESIDUAL, world.stream, delta=1.0)
    return stats.control_variates(1.0 + scores[:n], known).sharpened.low > 0


def _scenario(claim: str, world: ControlWorld) -> Scenario:
    controls = "1 control" if world.k == 1 else f"{world.k} controls"
    name = f"{claim}, {world.n:,} of {world.stream:,} episodes, {controls}"
    return Scenario(name, "control_variates", _sharpened(world), 0.94, 0.96, 2000)


CONTROL_SCENARIOS: tuple[Scenario, ...] = (
    _scenario("mean", ControlWorld(100, 1)),
    _scenario("mean", ControlWorld(100, 6)),
    _scenario("mean", ControlWorld(400, 3)),
    _scenario("mean", ControlWorld(400, 6, stream=10_000, shared=0.95)),
    _scenario("mean, controls that explain nothing", ControlWorld(100, 6, shared=0.0)),
    _scenario("mean accuracy near 90 %", ControlWorld(100, 3, "accuracy")),
    _scenario("mean accuracy near 90 %", ControlWorld(1000, 6, "accuracy")),
    _scenario("mean log error", ControlWorld(100, 3, "log error")),
    _scenario("mean log error", ControlWorld(400, 6, "log error")),
    _scenario("mean reward, skewed", ControlWorld(100, 3, "reward")),
    _scenario("mean reward, skewed", ControlWorld(1000, 6, "reward")),
    Scenario(
        "mean of the stream itself, 1,000 of 2,000 episodes, 6 controls",
        "control_variates target stream",
        _of_the_stream(ControlWorld(1000, 6)),
        0.94,
        0.96,
        2000,
    ),
    Scenario(
        "no shift, 600 fresh and 2,000 episodes",
        "control_shift",
        _no_shift(ControlWorld(600, 3, stream=2600)),
        0.94,
        0.96,
        2000,
    ),
    Scenario(
        "power: 1 point, 3 controls known on 10,000 episodes",
        "episodes_needed_with_controls",
        _planned,
        0.79,
        0.81,
        2000,
    ),
    Scenario(
        "mean, 1,000 of 2,000 episodes, 6 controls",
        "mistake: known means taken as exact",
        _known_means_taken_as_exact(ControlWorld(1000, 6, shared=0.9)),
        0.0,
        0.75,
        400,
    ),
)
