"""Scenarios of scores that pile up on one side: errors with heavy tails, accuracies with hardly a mistake."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from bench import stats
from bench.stats._checks import FloatArray
from bench.stats.coverage.scenario import Draw, Scenario

_RESAMPLES = 500  # a fourth of what boards use: the ends scatter a little more, the coverage hardly changes


@dataclass(frozen=True)
class ErrorWorld:
    """Errors [seeds, episodes] that are factors: of the episode, of the training, of both together.

    index : of a Pareto tail of the episodes' factor (its mean exists above 1, its variance above 2); None is lognormal
    sigma : of a lognormal episode's factor
    seed_sd, cell_sd : of the logarithms of a training's factor and of a cell's
    """

    index: float | None = None
    sigma: float = 1.25
    seeds: int = 3
    episodes: int = 600
    seed_sd: float = 0.0
    cell_sd: float = 0.5

    def draw(self, rng: np.random.Generator) -> FloatArray:
        if self.index is None:
            episode = rng.normal(0.0, self.sigma, self.episodes)
        else:
            episode = rng.exponential(1.0 / self.index, self.episodes)
        seed = rng.normal(0.0, self.seed_sd, (self.seeds, 1))
        errors: FloatArray = np.exp(episode + seed + rng.normal(0.0, self.cell_sd, (self.seeds, self.episodes)))
        return errors

    @property
    def mean(self) -> float:
        """Over endless episodes and trainings."""
        own = math.exp(self.sigma**2 / 2) if self.index is None else self.index / (self.index - 1)
        return own * math.exp((self.seed_sd**2 + self.cell_sd**2) / 2)

    @property
    def geometric_mean(self) -> float:
        return 1.0 if self.index is None else math.exp(1.0 / self.index)


def _geometric(world: ErrorWorld) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        return _covers(stats.geometric_mean(_scores(world, rng)), world.geometric_mean)

    return draw


def _ratio(world: ErrorWorld) -> Draw:
    """Two algorithms whose episodes share their difficulty; one is half as good."""

    def draw(rng: np.random.Generator) -> bool:
        hard = replace(world, seeds=1, seed_sd=0.0, cell_sd=0.0).draw(rng)
        a, b = (hard * replace(world, index=None, sigma=0.0).draw(rng) for _ in range(2))
        difference = stats.crossed_difference(stats.log_errors(a), stats.log_errors(2 * b))
        return _covers(stats.from_logs(difference), 0.5)

    return draw


def _mean(world: ErrorWorld, method: str) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        x = _scores(world, rng)
        if method == "crossed":
            return _covers(stats.crossed_interval(x), world.mean)
        seed = int(rng.integers(2**31))
        return _covers(stats.bootstrap_t_interval(x, positive=True, resamples=_RESAMPLES, seed=seed), world.mean)

    return draw


def _warned(world: ErrorWorld) -> Draw:
    """Holds when the row would say that few episodes carry its mean."""

    def draw(rng: np.random.Generator) -> bool:
        return stats.top_share(_scores(world, rng)).heavy

    return draw


def _ceiling(accuracy: float, spread: float = 4.2, episodes: int = 2000, queries: int = 75) -> Draw:
    """Three seeds whose mistakes come together: `spread` times the variance of independent queries.

    It is 4.0 to 4.5 on omniglot-5w1s, from 94 to 99 % accuracy; 16 has whole classes confused, a dozen queries at once.
    """
    together = (queries - 1) / (spread - 1) - 1

    def draw(rng: np.random.Generator) -> bool:
        hard = rng.beta(together * (1 - accuracy), together * accuracy, episodes)
        seed = rng.lognormal(-(0.1**2) / 2, 0.1, (3, 1))
        mistakes = rng.binomial(queries, np.minimum(hard * seed, 1.0), size=(3, episodes))
        return _covers(stats.crossed_interval(1 - mistakes / queries), accuracy)

    return draw


def _scores(world: ErrorWorld, rng: np.random.Generator) -> FloatArray:
    """[episodes] of one checkpoint, [seeds, episodes] of several."""
    errors = world.draw(rng)
    return errors[0] if world.seeds == 1 else errors


def _covers(interval: stats.Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


_LOGNORMAL, _PARETO = ErrorWorld(), ErrorWorld(index=1.3)
_ONE = replace(_PARETO, seeds=1, episodes=2000, cell_sd=0.0)
_FAR = 0.3  # sd of the log: trainings that differ by a third
_MEAN = "bootstrap_t_interval"

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "geometric mean, lognormal errors", "geometric_mean", _geometric(replace(_LOGNORMAL, seeds=1)), 0.95, 0.95
    ),
    Scenario("geometric mean, Pareto 1.3", "geometric_mean", _geometric(_ONE), 0.94, 0.96),
    Scenario(
        "geometric mean, Pareto 0.8 (no mean)", "geometric_mean", _geometric(replace(_ONE, index=0.8)), 0.94, 0.96
    ),
    Scenario("geometric mean, lognormal, 3 seeds", "geometric_mean", _geometric(_LOGNORMAL), 0.94, 0.97),
    Scenario(
        "geometric mean, lognormal, 3 seeds far apart",
        "geometric_mean",
        _geometric(replace(_LOGNORMAL, seed_sd=_FAR)),
        0.915,
        0.95,
    ),
    Scenario(
        "geometric mean, Pareto 1.3, 5 seeds",
        "geometric_mean",
        _geometric(replace(_PARETO, seeds=5, seed_sd=0.05)),
        0.94,
        0.97,
    ),
    Scenario(
        "ratio of errors, Pareto 1.3, 3 seeds each", "from_logs", _ratio(replace(_PARETO, seed_sd=0.05)), 0.94, 0.98
    ),
    Scenario("mean error, lognormal, 3 seeds", "crossed_interval", _mean(_LOGNORMAL, "crossed"), 0.9, 0.95, 1000),
    Scenario("mean error, lognormal, 3 seeds", _MEAN, _mean(_LOGNORMAL, _MEAN), 0.93, 0.97, 1000),
    Scenario(
        "mean error, lognormal, 3 seeds far apart",
        _MEAN,
        _mean(replace(_LOGNORMAL, seed_sd=_FAR), _MEAN),
        0.93,
        0.98,
        1000,
    ),
    Scenario(
        "mean error, lognormal, 5 seeds",
        _MEAN,
        _mean(replace(_LOGNORMAL, seeds=5, seed_sd=0.05), _MEAN),
        0.92,
        0.97,
        1000,
    ),
    Scenario("mean error, Pareto 2, 3 seeds", _MEAN, _mean(replace(_PARETO, index=2.0), _MEAN), 0.9, 0.95, 1000),
    Scenario("mean error, Pareto 1.5, 3 seeds", _MEAN, _mean(replace(_PARETO, index=1.5), _MEAN), 0.8, 0.92, 1000),
    Scenario("mean error, Pareto 1.3, 3 seeds", "mistake: crossed_interval", _mean(_PARETO, "crossed"), 0.0, 0.8, 1000),
    Scenario(
        "mean error, Pareto 1.3, 3 seeds", "mistake: bootstrap_t_interval", _mean(_PARETO, _MEAN), 0.0, 0.85, 1000
    ),
    Scenario(
        "few episodes carry it: lognormal", "top_share heavy", _warned(replace(_ONE, index=None)), 0.0, 0.01, 1000
    ),
    Scenario("few episodes carry it: Pareto 1.3", "top_share heavy", _warned(_ONE), 0.5, 0.75, 1000),
    Scenario(
        "few episodes carry it: Pareto 1.1", "top_share heavy", _warned(replace(_ONE, index=1.1)), 0.93, 1.0, 1000
    ),
    Scenario("accuracy 99.5 %, 3 seeds", "crossed_interval", _ceiling(0.995), 0.93, 0.97, 1000),
    Scenario("accuracy 99.95 %, 3 seeds", "crossed_interval", _ceiling(0.9995), 0.91, 0.96, 1000),
    Scenario("accuracy 99.5 %, whole classes confused", "crossed_interval", _ceiling(0.995, 16), 0.92, 0.97, 1000),
    Scenario("accuracy 99.95 %, whole classes confused", "crossed_interval", _ceiling(0.9995, 16), 0.8, 0.9, 1000),
)
