"""Regression of functions: sinusoids and draws from Gaussian processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from bench.domains.contract import Domain, Loaded, MetricFacts
from bench.domains.functions.task import FunctionSpec, GPTask, SinusoidTask, function_task
from bench.domains.task import Split

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import torch

    from bench.domains.episodes import Episodes
    from bench.domains.functions.episodes import FrozenFunctions, FunctionSource
    from bench.domains.functions.stream import GPStream, SinusoidStream
    from bench.learners.contract import Learner
    from bench.tasks.suites import Suite

_MANIFEST_BLOCK = 1_000
_NATS, _FRACTION = "nats per target point", "fraction"
_QUERIES = 10  # at most so many an episode of the checks


class Functions(Domain):
    """Everything is generated: there is no data."""

    kind = "regression"
    tasks = (SinusoidTask, GPTask)
    metrics: ClassVar[Mapping[str, MetricFacts]] = {
        "mse": MetricFacts("squared target unit", higher_is_better=False, skewed=True, ranked=True),
        "loglik": MetricFacts(_NATS, ranked=True),
        "loglik_joint": MetricFacts(_NATS),
        "coverage95": MetricFacts(_FRACTION),  # near .95 where the spread is honest
    }
    references = ("baselines/chance.py",)
    suggestion = "maml"

    @cached_property
    def examples(self) -> Mapping[str, FunctionSpec]:
        return {"regression": FunctionSpec(5, 10, kernel="rbf", noise=0.02)}

    def load(self, suite: Suite, device: torch.device, data_dir: Path | None) -> Loaded:
        task = function_task(suite)
        if isinstance(task, SinusoidTask):
            return Loaded(FunctionSpec(task.context, task.target))
        return Loaded(FunctionSpec(0, 0, kernel=task.test_kernel, noise=task.noise))

    def stream(self, suite: Suite, split: Split, salt: int = 0) -> SinusoidStream | GPStream:
        """The suite's own episodes of `split`, as arrays."""
        from bench.domains.functions.stream import GPStream, SinusoidStream

        name, task = (suite.name, suite.version, split, salt), function_task(suite)
        if isinstance(task, SinusoidTask):
            return SinusoidStream(name, task)
        return GPStream(name, task, task.test_kernel if split == "test" else task.train_kernel)

    def frozen(
        self, suite: Suite, split: Split, device: torch.device, data: Any = None, salt: int = 0
    ) -> FrozenFunctions:
        from bench.domains.functions.episodes import FrozenFunctions

        return FrozenFunctions(suite, device, self.stream(suite, split, salt))

    def training(self, suite: Suite, seed: int, device: torch.device, data: Any = None) -> FunctionSource:
        from bench.domains.functions.episodes import FunctionSource

        return FunctionSource(suite, seed, device)

    def manifest(self, suite: Suite, n: int, data: Any = None) -> Iterator[bytes]:
        """Philox words, and the sizes of Gaussian-process episodes: values may differ in the last bit elsewhere."""
        from bench.domains.functions.stream import GPStream
        from bench.philox import words

        stream = self.stream(suite, "test")
        for first in range(0, n, _MANIFEST_BLOCK):
            drawn = words(stream.stream, first, min(_MANIFEST_BLOCK, n - first), stream.width)
            yield drawn.astype("<u8").tobytes()
        if isinstance(stream, GPStream):
            yield stream.sizes(0, n // stream.per_block).astype("<i4").tobytes()

    def problems(self, suite: Suite, n: int, data: Any = None) -> Mapping[str, Sequence[np.ndarray]]:
        """Points and values in double precision; the last bits of values may differ between machines."""
        blocks = list(self.stream(suite, "test").blocks(0, n, n))
        names = ("support_x", "support_y", "query_x", "query_y")
        return {name: [row.reshape(-1) for block in blocks for row in getattr(block, name)] for name in names}

    def impossible(self, suite: Suite, scores: pd.DataFrame) -> Iterator[tuple[str, str]]:
        if suite.metric == "mse":
            for row in (scores["score"] < 0).to_numpy().nonzero()[0][:1]:
                yield "scores", f"the squared error of episode {int(row)} is negative"

    def block(self, suite: Suite) -> int:
        from bench.domains.functions.stream import BLOCK

        return BLOCK if isinstance(suite.task, GPTask) else 1

    def unit(self, suite: str) -> int:
        """That of Gaussian processes unless the name says sinusoid: a suite of independent episodes under another name
        loses next to nothing by it (125 units instead of 2,000 episodes), one with blocks would seem too well known."""
        from bench.domains.functions.stream import BLOCK

        return 1 if "sinusoid" in suite.lower() else BLOCK

    def small(self, spec: Any) -> FunctionSpec:
        asked: FunctionSpec = spec
        return replace(asked, query=min(asked.query, _QUERIES))

    def like(self, spec: Any) -> FunctionSpec:
        """The built-in example with the dimensions of the suite's functions."""
        return replace(self.examples[self.kind], x_dim=spec.x_dim, y_dim=spec.y_dim)

    def example(self, spec: Any, first: int, n: int) -> Episodes:
        from bench.domains.functions.examples import generated

        return generated(spec, first, n)

    def ask(self, learner: Learner, example: Any) -> dict[str, Any]:
        from bench.domains.predicting import predicted, validated

        return validated(predicted(learner, example), example)
