"""Does a learner keep the contract, and does it leak? Threat model: accidents, not malice."""

from bench.checks.battery import CHECKS, LEAK_CHECKS, QUICK_CHECKS, behaves_inductively, examine
from bench.checks.quick import find_leak
from bench.checks.result import Result

__all__ = [
    "CHECKS",
    "LEAK_CHECKS",
    "QUICK_CHECKS",
    "Result",
    "behaves_inductively",
    "examine",
    "find_leak",
]
