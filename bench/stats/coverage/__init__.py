"""Do the intervals keep their word? Simulated coverage of every one of them.

    python -m bench.stats.coverage --write docs/statistics.md

One scenario is a world with a known truth, many simulated data sets from it, and the share of intervals that contain
the truth. Each names the band its share must fall in; methods known to be wrong are there too, below 95 %, so that
the simulation shows that it can fail. The slow tests assert the same scenarios.
"""

from bench.stats.coverage import control_scenarios, equivalence_scenarios, scenarios, tails
from bench.stats.coverage.scenario import Outcome, Scenario, simulate
from bench.stats.coverage.table import BEGIN, END, insert, table

SCENARIOS = (
    *scenarios.SCENARIOS,
    *tails.SCENARIOS,
    *equivalence_scenarios.SCENARIOS,
    *control_scenarios.CONTROL_SCENARIOS,
)

__all__ = ["BEGIN", "END", "SCENARIOS", "Outcome", "Scenario", "insert", "simulate", "table"]
