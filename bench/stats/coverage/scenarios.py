"""The scenarios of the coverage table, in its order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bench import stats
from bench.stats._checks import FloatArray
from bench.stats.coverage.scenario import Draw, Scenario
from bench.stats.coverage.worlds import BlockWorld, ClassWorld, SeedWorld, queries, squared_errors


def covers(interval: stats.Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def _accuracy(episodes: int, pooled: bool = False) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        hits = queries(rng, episodes)
        return covers(stats.t_interval(hits.ravel() if pooled else hits.mean(axis=1)), 0.6)

    return draw


def _skewed(episodes: int, bootstrap: bool) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        x = squared_errors(rng, episodes)
        if not bootstrap:
            return covers(stats.t_interval(x), 1.0)
        return covers(stats.bootstrap_t_interval(x, resamples=1000, seed=int(rng.integers(2**31))), 1.0)

    return draw


def _blocks(world: BlockWorld, method: str) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        x = world.draw(rng)
        return covers(stats.t_interval(stats.block_means(x, world.block) if method == "blocks" else x), 0.0)

    return draw


def _new_classes(world: ClassWorld, method: str) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        x, classes = world.draw(rng)
        if method == "closed":
            return covers(stats.t_interval(x), 0.0)
        return covers(stats.open_interval(x, classes, world.cluster_of if method == "clustered" else None), 0.0)

    return draw


def _new_classes_and_seeds(world: ClassWorld, seeds: SeedWorld) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        x, classes = world.draw(rng)
        return covers(stats.open_interval(seeds.draw(rng, x), classes), 0.0)

    return draw


def _seeds(world: SeedWorld, method: str) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        x = world.draw(rng, world.episode_effects(rng))
        if method == "pooled":
            return covers(stats.t_interval(x.ravel()), 0.0)
        return covers(stats.t_interval(x.mean(axis=1)) if method == "seed means" else stats.crossed_interval(x), 0.0)

    return draw


def _two(world_a: SeedWorld, world_b: SeedWorld | None, method: str) -> Draw:
    """Two algorithms equally good; None is a learner with nothing to train."""

    def draw(rng: np.random.Generator) -> bool:
        easy = world_a.episode_effects(rng)
        a = world_a.draw(rng, easy)
        if world_b is None:
            return covers(stats.crossed_difference(a, easy + rng.normal(0.0, 4.0, easy.size)), 0.0)
        b = world_b.draw(rng, easy)
        if method == "paired":
            return covers(stats.paired_difference(a.mean(axis=0), b.mean(axis=0)), 0.0)
        return covers(stats.crossed_difference(a, b), 0.0)

    return draw


def _checkpoints(episodes: int, method: str) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        easy = rng.normal(0.0, 8.0, episodes)
        a, b = easy + rng.normal(0.0, 4.0, (2, episodes))
        if method == "sign flip":
            return stats.sign_flip_p(a - b, flips=499, seed=int(rng.integers(2**31))) > 0.05
        return covers(stats.paired_difference(a, b), 0.0)

    return draw


def _column(rng: np.random.Generator, means: Sequence[float], episodes: int = 600) -> dict[str, FloatArray]:
    """Scores of learners with these true means on common episodes."""
    easy = rng.normal(0.0, 8.0, episodes)
    return {f"learner {k}": mean + easy + rng.normal(0.0, 3.0, episodes) for k, mean in enumerate(means)}


def _equal_learners(count: int, method: str) -> Draw:
    """Holds when no pair of equally good learners is separated."""

    def draw(rng: np.random.Generator) -> bool:
        pairs = stats.compare_all(_column(rng, [0.0] * count))
        return min(c.difference.p if method == "uncorrected" else c.p_holm for c in pairs) > 0.05

    return draw


def _ranks(step: float, count: int = 8) -> Draw:
    """Holds when every true rank lies inside its interval."""

    def draw(rng: np.random.Generator) -> bool:
        column = _column(rng, [-step * k for k in range(count)])
        ranks = stats.rank_intervals(stats.compare_all(column), higher_is_better=True)
        return all(ranks[name].best <= k + 1 <= ranks[name].worst for k, name in enumerate(column))

    return draw


def _suites(count: int) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        worlds = [SeedWorld(seeds=3, seed_sd=0.3 * (k + 1)) for k in range(count)]
        rows = [stats.crossed_interval(w.draw(rng, w.episode_effects(rng))) for w in worlds]
        return covers(stats.mean_across_suites(rows), 0.0)

    return draw


def _planned_episodes(rng: np.random.Generator) -> bool:
    n = stats.episodes_needed(sd=4.5, delta=1.0)
    return stats.paired_difference(rng.normal(1.0, 4.5, n), np.zeros(n)).low > 0


def _planned_seeds(rng: np.random.Generator) -> bool:
    pilot = stats.PilotVariances(episode=20.0, seed=2 * 0.5**2, interaction=2 * 4.0**2)
    seeds = stats.plan(pilot, delta=1.0, episodes=[600])[0].seeds
    world = SeedWorld(seeds=seeds or 0, seed_sd=0.5)
    effects = world.episode_effects(rng, sd=math.sqrt(20.0))
    return stats.crossed_difference(1.0 + world.draw(rng, effects), world.draw(rng, np.zeros(600))).low > 0


_POOL_20, _POOL_64 = ClassWorld(classes=20, episodes=2000), ClassWorld(classes=64, episodes=2000)
_ROTATED = ClassWorld(classes=160, episodes=2000, siblings=4)

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("accuracy, 600 episodes of 75 queries", "t_interval", _accuracy(600), 0.95, 0.95),
    Scenario("accuracy, 600 episodes", "mistake: queries pooled", _accuracy(600, pooled=True), 0.0, 0.75, 400),
    Scenario("MSE, lognormal, 100 episodes", "t_interval", _skewed(100, False), 0.87, 0.91),
    Scenario("MSE, lognormal, 100 episodes", "bootstrap_t_interval", _skewed(100, True), 0.91, 0.95, 2000),
    Scenario("MSE, lognormal, 600 episodes", "t_interval", _skewed(600, False), 0.92, 0.95),
    Scenario("MSE, lognormal, 600 episodes", "bootstrap_t_interval", _skewed(600, True), 0.93, 0.95, 1000),
    Scenario("2,000 episodes in blocks of 16", "mistake: t_interval", _blocks(BlockWorld(2000), ""), 0.0, 0.65, 400),
    Scenario(
        "2,000 episodes in blocks of 16", "t_interval of block_means", _blocks(BlockWorld(2000), "blocks"), 0.95, 0.95
    ),
    Scenario(
        "400 episodes in blocks of 16", "t_interval of block_means", _blocks(BlockWorld(400), "blocks"), 0.95, 0.95
    ),
    Scenario("new classes, 20 in the pool", "mistake: t_interval", _new_classes(_POOL_20, "closed"), 0.0, 0.5, 600),
    Scenario("new classes, 20 in the pool", "open_interval", _new_classes(_POOL_20, "each"), 0.93, 0.98, 1000),
    Scenario("new classes, 64 in the pool", "open_interval", _new_classes(_POOL_64, "each"), 0.93, 0.98, 1000),
    Scenario(
        "new characters, 40 of 4 rotations", "mistake: rotations apart", _new_classes(_ROTATED, "each"), 0.0, 0.85, 400
    ),
    Scenario(
        "new characters, 40 of 4 rotations", "open_interval", _new_classes(_ROTATED, "clustered"), 0.93, 0.98, 1000
    ),
    Scenario(
        "new classes, 20 in the pool, 3 seeds",
        "open_interval",
        _new_classes_and_seeds(_POOL_20, SeedWorld(seeds=3, episodes=2000)),
        0.93,
        0.99,
        1000,
    ),
    Scenario("algorithm, 3 seeds", "mistake: all scores pooled", _seeds(SeedWorld(3), "pooled"), 0.0, 0.75),
    Scenario("algorithm, 3 seeds", "mistake: t over seed means", _seeds(SeedWorld(3), "seed means"), 0.8, 0.93),
    Scenario("algorithm, 3 seeds", "crossed_interval", _seeds(SeedWorld(3), "crossed"), 0.94, 0.97),
    Scenario(
        "algorithm, 3 seeds far apart", "crossed_interval", _seeds(SeedWorld(3, seed_sd=1.5), "crossed"), 0.915, 0.95
    ),
    Scenario("algorithm, 5 seeds", "crossed_interval", _seeds(SeedWorld(5), "crossed"), 0.94, 0.97),
    Scenario("algorithm, 10 seeds", "crossed_interval", _seeds(SeedWorld(10), "crossed"), 0.94, 0.97),
    Scenario("checkpoints A - B, 600 episodes", "paired_difference", _checkpoints(600, "paired"), 0.95, 0.95),
    Scenario("checkpoints A - B, 100 episodes", "sign_flip_p > 0.05", _checkpoints(100, "sign flip"), 0.95, 0.95),
    Scenario(
        "algorithms A - B, 3 seeds each", "mistake: paired alone", _two(SeedWorld(3), SeedWorld(3), "paired"), 0.0, 0.8
    ),
    Scenario("algorithms A - B, 3 seeds each", "crossed_difference", _two(SeedWorld(3), SeedWorld(3), ""), 0.94, 0.97),
    Scenario("algorithms A - B, 3 and 5 seeds", "crossed_difference", _two(SeedWorld(3), SeedWorld(5), ""), 0.94, 0.97),
    Scenario("algorithm - training-free, 3 seeds", "crossed_difference", _two(SeedWorld(3), None, ""), 0.915, 0.96),
    Scenario(
        "8 equal learners, none separated", "mistake: no correction", _equal_learners(8, "uncorrected"), 0.3, 0.65, 400
    ),
    Scenario("8 equal learners, none separated", "compare_all", _equal_learners(8, "holm"), 0.95, 0.98, 1000),
    Scenario("8 learners 0.5 points apart, all ranks inside", "rank_intervals", _ranks(0.5), 0.95, 1.0, 1000),
    Scenario("mean of 5 suites, 3 seeds each", "mean_across_suites", _suites(5), 0.94, 0.98),
    Scenario("power: 1 point at sd 4.5", "episodes_needed", _planned_episodes, 0.79, 0.81),
    Scenario("power: 1 point with seeds", "plan", _planned_seeds, 0.8, 0.9),
)
