"""One simulated claim: a draw that says whether the claim held, and the band its rate must fall in."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Draw = Callable[[np.random.Generator], bool]
_SLACK = 3.5  # binomial standard errors a rate may stray from its band: 1 in 2,000 for a rate on its edge


@dataclass(frozen=True)
class Scenario:
    """A claim to simulate.

    name : one line for the table
    method : what is applied, a function of bench.stats or, for a warning, the mistake
    draw : simulates one data set and says whether the claim held
    low, high : the rate in the long run lies in this band (equal ends where theory is exact)
    repetitions : simulated data sets
    """

    name: str
    method: str
    draw: Draw
    low: float
    high: float
    repetitions: int = 4000


@dataclass(frozen=True)
class Outcome:
    """The share of simulated data sets for which the claim held."""

    scenario: Scenario
    rate: float

    @property
    def tolerance(self) -> float:
        """How far chance may carry the rate out of its band, from the binomial."""
        edge = min(max(self.rate, self.scenario.low), self.scenario.high)
        return _SLACK * math.sqrt(max(edge * (1 - edge), 0.01) / self.scenario.repetitions)

    @property
    def as_expected(self) -> bool:
        return self.scenario.low - self.tolerance <= self.rate <= self.scenario.high + self.tolerance


def simulate(scenario: Scenario, seed: int = 0) -> Outcome:
    """Run a scenario with its own stream: no scenario's numbers depend on which others run, or in which order."""
    generator = np.random.default_rng([seed, zlib.crc32(f"{scenario.name}|{scenario.method}".encode())])
    hits = sum(scenario.draw(generator) for _ in range(scenario.repetitions))
    return Outcome(scenario, hits / scenario.repetitions)
