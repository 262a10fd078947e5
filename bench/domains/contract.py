"""What a domain has to say. Whoever adds one writes a module with a `Domain` and nothing else changes.

A domain's module is imported by commands that only read: what needs torch is imported inside methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bench.domains.task import Split, TaskDefinition, TaskSpec

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import torch

    from bench.domains.sources import Frozen, TrainingSource
    from bench.learners.contract import Learner
    from bench.tasks.suites import Suite


@dataclass(frozen=True)
class MetricFacts:
    """One metric. `ranked`: suites may rank it.

    skewed : an error, never negative, with a long tail; boards rank and compare it on logarithms
    """

    unit: str
    higher_is_better: bool = True
    skewed: bool = False
    ranked: bool = False

    def text(self, value: float) -> str:
        """A value as people read it in a log: `98.27 %` of a fraction, else four decimals."""
        return f"{100 * value:.2f} %" if self.unit == "fraction" else f"{value:.4f}"


@dataclass(frozen=True)
class Loaded:
    """A suite's task on a device.

    spec : what learners are told
    data : what the domain's own streams draw from, None where everything is generated
    fingerprint, source : of the data, None where everything is generated
    """

    spec: TaskSpec
    data: Any = None
    fingerprint: str | None = None
    source: str | None = None


class Domain(ABC):
    """One kind of problem, from its definition in a suites file to its scores.

    kind : as records name it
    tasks : definitions of tasks that belong to it, each with its own literal `kind`
    metrics : facts by name; "mse@step1" is found as "mse@step", else as "mse"
    references : origins of the learners that differences are measured to, in order of preference; the last one answers
        every suite of the domain
    suggestion : a learner to start with
    noun : what is scored, "episodes" or "trials"
    loads_data : do its suites need data that has to be fetched, and so a fingerprint?
    loss_falls : does the loss of a training batch fall while a learner learns it? That of a policy gradient need not
    examples : small generated tasks that learners are checked on, by name
    """

    kind: ClassVar[str]
    tasks: ClassVar[tuple[type[TaskDefinition], ...]]
    metrics: ClassVar[Mapping[str, MetricFacts]]
    references: ClassVar[tuple[str, ...]] = ()
    suggestion: ClassVar[str] = ""
    noun: ClassVar[Literal["episodes", "trials"]] = "episodes"
    loads_data: ClassVar[bool] = False
    loss_falls: ClassVar[bool] = True

    @property
    @abstractmethod
    def examples(self) -> Mapping[str, TaskSpec]: ...

    def metric(self, name: str) -> MetricFacts:
        """Facts of a metric or of a numbered variant of one. Raises KeyError for a name the domain does not know."""
        return self.metrics.get(name.rstrip("0123456789")) or self.metrics[name.partition("@")[0]]

    # Suites

    @abstractmethod
    def load(self, suite: Suite, device: torch.device, data_dir: Path | None) -> Loaded:
        """Put a suite's data on a device, never from the network.

        Raises DataMissing with the commands that get it, DataInvalid where it is not what the suite declares.
        """

    def fingerprint(self, suite: Suite, data_dir: Path | None) -> str | None:
        """Of a suite's data as it lies on this machine, without torch; None where everything is generated.

        Raises as `load` does.
        """
        return None

    def train_pool(self, data: Any) -> tuple[int, int] | None:
        """Train classes and images of the smallest, where training episodes are drawn from such a pool."""
        return None

    @abstractmethod
    def frozen(self, suite: Suite, split: Split, device: torch.device, data: Any = None, salt: int = 0) -> Frozen:
        """The problems of `split` ("val" or "test"); a salt other than 0 gives others that nobody has seen."""

    @abstractmethod
    def training(self, suite: Suite, seed: int, device: torch.device, data: Any = None) -> TrainingSource:
        """The training problems of one seed."""

    @abstractmethod
    def manifest(self, suite: Suite, n: int, data: Any = None) -> Iterator[bytes]:
        """Everything that test problems 0 .. n - 1 ask, in bytes that are the same on every machine.

        Raises BenchError where that can't be known without the data.
        """

    def problems(self, suite: Suite, n: int, data: Any = None) -> Mapping[str, Sequence[np.ndarray]] | None:
        """What test problems 0 .. n - 1 ask, for readers without bench: by column an array [size] for each problem.

        None where that is no table. Raises BenchError where it can't be known without the data.
        """
        return None

    def drawable(self, suite: Suite) -> bool:
        """Can the manifest be made without the data?"""
        return True

    # Statistics and published results

    def clusters(self, suite: str, source: str | None) -> int:
        """How many consecutive class ids are one class seen in several ways; known from the names a record holds."""
        return 1

    def columns(self, suite: Suite) -> set[str]:
        """Columns that the scores of every finished run have besides "episode" and "score"."""
        return {"floored"}

    def impossible(self, suite: Suite, scores: pd.DataFrame) -> Iterator[tuple[str, str]]:
        """What no honest run can have scored: (what is wrong, in which words)."""
        yield from ()

    def asked_classes(self, suite: Suite, n: int) -> np.ndarray | None:
        """Class ids that the first `n` test problems ask for, int64 [n, way]; None where there are no classes.

        Raises BenchError where they can't be known without the data.
        """
        return None

    def chance(self, suite: Suite) -> float | None:
        """The score of a guess where one is known, e.g. 1 / way."""
        return None

    def binomial_queries(self, suite: Suite) -> int | None:
        """Where a score is a fraction of right answers: how many queries it is over."""
        return None

    def block(self, suite: Suite) -> int:
        """Consecutive problems that share a size, and so resemble each other."""
        return 1

    def unit(self, suite: str) -> int:
        """At least `block` of a suite that is known by the name in a record alone; 1 where there are classes.

        Boards take means of so many consecutive scores for independent.
        """
        return 1

    # Checks

    @abstractmethod
    def small(self, spec: TaskSpec) -> TaskSpec:
        """A suite's spec with as few queries or steps as the checks need; all other sizes stay."""

    def like(self, spec: TaskSpec) -> TaskSpec:
        """The example nearest to a suite's spec, for checks before a first run."""
        return self.small(spec)

    @abstractmethod
    def example(self, spec: TaskSpec, first: int, n: int) -> Any:
        """Generated problems first .. first + n - 1 of a spec, on the CPU.

        A dataclass of tensors with leading dimension n. Problem k is the same however many are made.
        """

    def lesson(self, spec: TaskSpec, first: int, n: int, device: torch.device) -> Any:
        """The same as `train_step` takes them [default: the example in float32]."""
        import torch

        from bench.domains.tensors import moved

        return moved(self.example(spec, first, n), torch.float32, device)

    @abstractmethod
    def ask(self, learner: Learner, example: Any) -> dict[str, Any]:
        """The learner's answer to an example on the path that gives a run's scores: predictions by name.

        "final" is what is scored. Called under `no_grad`. Raises PredictionError for wrong types and shapes.
        """
