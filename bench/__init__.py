"""bench: benchmark and leaderboard harness for meta-learning.

Names are imported on first use (PEP 562), so that `bench --help` and the reading commands never load torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bench._version import __version__

if TYPE_CHECKING:
    from bench.api import Comparison, Leaderboard, Results, compare, leaderboard, run
    from bench.domains.episodes import Episodes
    from bench.domains.exploration.environments import Environments
    from bench.domains.exploration.task import ExplorationSpec
    from bench.domains.functions.task import FunctionSpec
    from bench.domains.images.task import ImageSpec
    from bench.domains.task import TaskSpec
    from bench.errors import BenchError, UsageError
    from bench.learners.contract import EmbeddingLearner, Learner
    from bench.learners.explorer import Explorer
    from bench.learners.predictions import Answer, Gaussian, GaussianMixture, MultivariateGaussian, Point
    from bench.learners.registry import register
    from bench.learners.strategies import Strategy, map_tasks, meta_gradient
    from bench.own.learner import load_learner
    from bench.records.frames import load_results, load_scores

_WHERE = {
    "Answer": "bench.learners.predictions",
    "BenchError": "bench.errors",
    "Comparison": "bench.api",
    "EmbeddingLearner": "bench.learners.contract",
    "Environments": "bench.domains.exploration.environments",
    "Episodes": "bench.domains.episodes",
    "ExplorationSpec": "bench.domains.exploration.task",
    "Explorer": "bench.learners.explorer",
    "FunctionSpec": "bench.domains.functions.task",
    "Gaussian": "bench.learners.predictions",
    "GaussianMixture": "bench.learners.predictions",
    "ImageSpec": "bench.domains.images.task",
    "Leaderboard": "bench.api",
    "Learner": "bench.learners.contract",
    "MultivariateGaussian": "bench.learners.predictions",
    "Point": "bench.learners.predictions",
    "Results": "bench.api",
    "Strategy": "bench.learners.strategies",
    "TaskSpec": "bench.domains.task",
    "UsageError": "bench.errors",
    "compare": "bench.api",
    "imagenet_weights": "bench.catalogue.lite0",
    "leaderboard": "bench.api",
    "load_learner": "bench.own.learner",
    "load_results": "bench.records.frames",
    "load_scores": "bench.records.frames",
    "map_tasks": "bench.learners.strategies",
    "meta_gradient": "bench.learners.strategies",
    "register": "bench.learners.registry",
    "run": "bench.api",
}

__all__ = [
    "Answer",
    "BenchError",
    "Comparison",
    "EmbeddingLearner",
    "Environments",
    "Episodes",
    "ExplorationSpec",
    "Explorer",
    "FunctionSpec",
    "Gaussian",
    "GaussianMixture",
    "ImageSpec",
    "Leaderboard",
    "Learner",
    "MultivariateGaussian",
    "Point",
    "Results",
    "Strategy",
    "TaskSpec",
    "UsageError",
    "__version__",
    "compare",
    "imagenet_weights",
    "leaderboard",
    "load_learner",
    "load_results",
    "load_scores",
    "map_tasks",
    "meta_gradient",
    "register",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
