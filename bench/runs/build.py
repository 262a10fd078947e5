"""A learner as a run, or a check of a run, needs it: built from its seed, on the device, weights loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.learners.contract import Learner
from bench.learners.strategies import Strategy
from bench.learners.weights import load_weights, read_tensors
from bench.runs.prepared_suite import PreparedSuite
from bench.seeding import seeded


def build(
    learner: type[Learner],
    options: Any,
    prepared: PreparedSuite,
    seed: int | None,
    strategy: Strategy,
    weights: Path | None,
) -> Learner:
    """An instance for the suite's task. The process's random state is left as it was.

    seed : seeds the initial weights and the prediction noise; None, for learners without training, counts as 0
    weights : a safetensors file, None keeps the initial weights

    Raises DataInvalid when the file can't be read or does not fit, and whatever the learner's constructor raises.
    """
    with seeded(seed or 0):
        built = learner(prepared.spec, options)
    built.noise_seed = seed or 0
    built.strategy = strategy
    built = built.to(prepared.device)
    if weights:
        load_weights(built, read_tensors(weights)[0])
    return built
