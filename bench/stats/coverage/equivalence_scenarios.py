"""Scenarios of a measured score beside a published number: how often each of the two claims is right."""

from __future__ import annotations

import numpy as np

from bench import stats
from bench.stats.coverage.scenario import Draw, Scenario
from bench.stats.coverage.worlds import SeedWorld

_MARGIN = 2.0  # points
_EPISODE_SD = 9.8  # of one training on one episode: what SeedWorld's parts add up to
_FAR_APART = SeedWorld(3, seed_sd=1.5)


def _published(rng: np.random.Generator, mean: float) -> stats.Interval:
    """One training on 600 episodes of its own, printed with its 95 % interval."""
    return stats.t_interval(rng.normal(mean, _EPISODE_SD, 600))


def _verdict(world: SeedWorld, apart: float, never: str) -> Draw:
    """Was the claim avoided that would be false at this true difference?"""

    def draw(rng: np.random.Generator) -> bool:
        ours = stats.crossed_interval(world.draw(rng, world.episode_effects(rng)))
        return stats.equivalence(ours, _published(rng, -apart), _MARGIN).kind != never

    return draw


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "not equivalent at the margin, 3 seeds",
        "equivalence",
        _verdict(SeedWorld(3), _MARGIN, "equivalent"),
        0.93,
        0.97,
    ),
    Scenario(
        "not equivalent at the margin, 3 seeds far apart",
        "equivalence",
        _verdict(_FAR_APART, _MARGIN, "equivalent"),
        0.93,
        0.97,
    ),
    Scenario(
        "not different from its equal, 3 seeds", "equivalence", _verdict(SeedWorld(3), 0.0, "different"), 0.94, 0.97
    ),
    Scenario(
        "not different from its equal, 3 seeds far apart",
        "equivalence",
        _verdict(_FAR_APART, 0.0, "different"),
        0.92,
        0.97,
    ),
)
