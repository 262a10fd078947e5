"""What was measured, as a file holds it. Free of torch."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.errors import StoreError
from bench.records import Environment
from bench.records.files import json_bytes, replace_file, strict_json

FORM: Literal["bench.speed/1"] = "bench.speed/1"
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spread(_Part):
    """One number measured in several blocks: their median, the lowest and the highest."""

    median: _Amount
    low: _Amount
    high: _Amount
    blocks: _Count

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """
        >>> Spread.of([3.0, 1.0, 2.0])
        Spread(median=2.0, low=1.0, high=3.0, blocks=3)
        """
        return cls(median=statistics.median(values), low=min(values), high=max(values), blocks=len(values))


class Share(_Part):
    """One part of a training.

    ms : milliseconds a step in the block whose steps took the median time, so that parts add up to it
    low, high : the same in the blocks where the part was shortest and longest
    share : fraction of a whole training with its checks, in [0, 1]
    """

    name: str
    ms: _Amount
    low: _Amount
    high: _Amount
    share: Annotated[float, Field(ge=0, le=1)]


class Training(_Part):
    """How fast it trains, and on what.

    steps, batch : of the recipe, and no batch for a training of the learner's own
    timed : steps that were timed
    parts : they add up to a whole training
    checks, check_s : of the validation rule, and seconds of one; no number where the learner's own training decides it
    whole_s : seconds of a whole training
    """

    steps: _Count
    batch: _Count | None
    timed: _Count
    steps_per_s: Spread
    episodes_per_s: Spread | None
    parts: tuple[Share, ...]
    checks: _Count | None
    check_s: _Amount
    whole_s: _Amount


class Evaluation(_Part):
    """How fast it answers.

    episodes, batch : of a block, and how many at once
    p50, p95 : milliseconds of one episode or trial, asked alone
    """

    episodes: _Count
    batch: _Count
    episodes_per_s: Spread
    p50: _Amount
    p95: _Amount


class Flops(_Part):
    """Floating-point operations an episode, None where they can't be counted; `notes` of the result say why."""

    training: _Amount | None
    evaluation: _Amount | None


class Subject(_Part):
    """Who was measured on what. `recipe` is empty where nothing is trained."""

    learner: str
    suite: str
    recipe: str
    options: dict[str, Any]
    precision: Literal["fp32", "tf32", "bf16"]
    strategy: Literal["loop", "vmap", "compiled"]
    noun: Literal["episodes", "trials"]
    parameters: Annotated[int, Field(ge=0)]


class Speed(_Part):
    """One measurement.

    training : None for a learner that trains nothing
    peak_host_mib, peak_device_mib : memory of the process, and of the GPU if there is one
    matmul_gflops : billions of operations per second in products of matrices, right before, in the same precision
    contended : did other processes take more than a tenth of the machine meanwhile?
    notes : what a reader has to know of these numbers
    """

    form: Literal["bench.speed/1"] = FORM
    bench_version: str
    measured: str
    seconds: _Amount
    subject: Subject
    environment: Environment
    contended: bool
    training: Training | None
    evaluation: Evaluation
    flops: Flops
    peak_host_mib: _Amount
    peak_device_mib: _Amount | None
    matmul_gflops: _Amount
    notes: tuple[str, ...] = ()

    @property
    def training_share(self) -> float | None:
        """Fraction of the matmul peak that training reaches."""
        rate = self.training and self.training.episodes_per_s
        return self._of_peak(self.flops.training, rate.median if rate else None)

    @property
    def evaluation_share(self) -> float | None:
        """Fraction of the matmul peak that evaluation reaches."""
        return self._of_peak(self.flops.evaluation, self.evaluation.episodes_per_s.median)

    def _of_peak(self, flops: float | None, per_s: float | None) -> float | None:
        return flops * per_s / (1e9 * self.matmul_gflops) if flops and per_s and self.matmul_gflops else None


def save(result: Speed, file: Path) -> None:
    """Write a result, in the place of an older one. Raises StoreError."""
    try:
        replace_file(file, json_bytes(result.model_dump(mode="json")))
    except OSError as error:
        raise StoreError(f"The result was not saved at {file}: {error.strerror or error}.", _ELSEWHERE) from error


def read(file: Path) -> Speed:
    """A result as it was saved. Raises StoreError that names the file and what is wrong with it."""
    try:
        fields = strict_json(file.read_bytes())
    except OSError as error:
        raise StoreError(f"{file} can't be read: {error.strerror or error}.", _AGAIN) from error
    except ValueError as error:
        raise StoreError(f"{file}: expected JSON of `bench speed --save`, found none: {error}.", _AGAIN) from error
    form = fields.get("form") if isinstance(fields, dict) else None
    if form != FORM:
        raise StoreError(f"{file}: expected a result of form {FORM!r}, found {form!r}.", _AGAIN)
    try:
        return Speed.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise StoreError(f"{file}: field {place}: {first['msg']}{more}.", _AGAIN) from error


_AGAIN = "Measure again: bench speed --algo NAME --suite NAME --save FILE.json"
_ELSEWHERE = "Choose a file in a folder of yours with --save FILE.json"
