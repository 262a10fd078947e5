"""Floating-point operations of training and evaluation, or why they can't be counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.errors import describe
from bench.learners.contract import Learner
from bench.runs.measure import counted_flops

_NONE_SEEN = "no matrix product, convolution or attention went on, and torch's counter knows no other operations"


def count(name: str, learner: Learner, episodes: int, work: Callable[[], object]) -> tuple[float | None, str]:
    """Operations an episode of work on so many episodes, or None and why; what would be compiled is not, meanwhile."""
    try:
        with _uncompiled(learner):
            found = counted_flops(work)
    except Exception as error:  # whatever a transform or a compiled function raises where a dispatch mode is on
        return None, f"FLOPs of {name}: torch's counter can't see through this learner ({describe(error)[:200]})."
    if found is None:
        return None, f"FLOPs of {name}: {_NONE_SEEN}."
    return found / episodes, ""


@contextmanager
def _uncompiled(learner: Learner) -> Iterator[None]:
    """`torch.compile` refuses to run below the counter; what `meta_gradient` compiles is the vectorised computation."""
    strategy = learner.strategy
    learner.strategy = "vmap" if strategy == "compiled" else strategy
    try:
        yield
    finally:
        learner.strategy = strategy
