"""What a number on a board means: intervals, paired tests, ranks and planning. NumPy and SciPy only.

Every function takes plain arrays of one score per episode, refuses values that are not finite, and draws (where it
draws at all) from a named stream: equal arguments give equal results. docs/statistics.md has the formulas, what each
claims and its coverage by simulation.
"""

from bench.stats.blocks import block_means
from bench.stats.bootstrap import bootstrap_t_interval
from bench.stats.classes import open_interval
from bench.stats.control import (
    EPISODES_A_CONTROL,
    Sharpened,
    control_variates,
    episodes_needed_with_controls,
)
from bench.stats.equivalence import Equivalence, Needed, equivalence, needed_to_decide
from bench.stats.intervals import Interval, t_interval
from bench.stats.logs import SMALLEST_ERROR, from_logs, geometric_mean, log_errors
from bench.stats.pairs import Difference, crossed_difference, paired_difference, sign_flip_p
from bench.stats.planning import PREFIXES, PilotVariances, Plan, episodes_needed, pilot_variances, plan
from bench.stats.ranks import Comparison, Rank, compare_all, compare_to, holm, rank_intervals
from bench.stats.seeds import crossed_interval
from bench.stats.shift import control_shift
from bench.stats.suites import mean_across_suites
from bench.stats.tails import FEW, HEAVY, TopShare, top_share
from bench.stats.variance import VarianceSplit, variance_split

__all__ = [
    "EPISODES_A_CONTROL",
    "FEW",
    "HEAVY",
    "PREFIXES",
    "SMALLEST_ERROR",
    "Comparison",
    "Difference",
    "Equivalence",
    "Interval",
    "Needed",
    "PilotVariances",
    "Plan",
    "Rank",
    "Sharpened",
    "TopShare",
    "VarianceSplit",
    "block_means",
    "bootstrap_t_interval",
    "compare_all",
    "compare_to",
    "control_shift",
    "control_variates",
    "crossed_difference",
    "crossed_interval",
    "episodes_needed",
    "episodes_needed_with_controls",
    "equivalence",
    "from_logs",
    "geometric_mean",
    "holm",
    "log_errors",
    "mean_across_suites",
    "needed_to_decide",
    "open_interval",
    "paired_difference",
    "pilot_variances",
    "plan",
    "rank_intervals",
    "sign_flip_p",
    "t_interval",
    "top_share",
    "variance_split",
]
