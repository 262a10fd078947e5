"""What a number on a board means: intervals, paired tests and ranks. NumPy and SciPy only."""

from bench.stats.intervals import Interval, t_interval

__all__ = ["Interval", "t_interval"]
