"""Does a learner keep the contract, and does it leak? Threat model: accidents, not malice."""

from bench.checks.battery import CHECKS, LEAK_CHECKS, examine
from bench.checks.quick import find_leak
from bench.checks.result import Result

__all__ = ["CHECKS", "LEAK_CHECKS", "Result", "examine", "find_leak"]
