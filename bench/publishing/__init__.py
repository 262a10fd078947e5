"""Runs and suites as folders that a hub takes: a card, and everything that checks what it says. No torch."""

from bench.publishing.card import files_of
from bench.publishing.croissant import problems as croissant_problems
from bench.publishing.hub import demand_login, upload
from bench.publishing.model import write_model
from bench.publishing.suite import write_suite

__all__ = ["croissant_problems", "demand_login", "files_of", "upload", "write_model", "write_suite"]
