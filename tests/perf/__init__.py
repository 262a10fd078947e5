"""Benchmarks: ratios measured within one run. They print, they never fail: `python -m tests.perf`."""
