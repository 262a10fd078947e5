"""Benchmarks: ratios measured within one run. They print, they never fail: `python -m tests.perf`.

What thousands of records cost is bounded, generously, by slow tests.
"""
