"""Weights by their hash: a store for what git should not carry, and how runs get theirs from there. No torch."""

from bench.artifacts.fetch import fetch
from bench.artifacts.place import Place, open_place
from bench.artifacts.prune import Pruned, prune
from bench.artifacts.push import push
from bench.artifacts.weights import Weights, find_weights

__all__ = ["Place", "Pruned", "Weights", "fetch", "find_weights", "open_place", "prune", "push"]
