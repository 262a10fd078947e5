"""A published number names options that its learner has: otherwise no row could ever stand beside it."""

from __future__ import annotations

from typing import Any

import pytest

from bench.boards import load_published
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from tests.baselines.material import make

TASKS = {"omniglot": "images", "miniimagenet": "colour", "cifarfs": "colour"}  # whose pixels the learner is built for


def named() -> list[tuple[str, str, tuple[tuple[str, Any], ...]]]:
    """Learner, task to build it for, options; each once."""
    found = {
        (entry.algorithm, TASKS[entry.suite.partition("-")[0]], tuple(entry.options.items()))
        for entry in load_published().published
        if entry.options
    }
    return sorted(found, key=str)


@pytest.mark.parametrize(("algorithm", "task", "options"), named())
def test_the_learner_has_the_options(algorithm: str, task: str, options: tuple[tuple[str, Any], ...]) -> None:
    make(algorithm, task, **dict(options))  # builds it: a backbone's name is known to its own code only
    resolved = resolve_options(load(find_learner(algorithm)), dict(options))
    assert {name: str(getattr(resolved, name)) for name, _ in options} == {name: str(value) for name, value in options}


def test_numbers_with_options_were_found() -> None:
    assert {algorithm for algorithm, _, _ in named()} >= {"maml", "protonet", "r2d2", "simpleshot"}
