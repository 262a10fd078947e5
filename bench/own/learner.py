"""`bench.load_learner`: the learner of a finished run, with its weights, ready to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner
from bench.learners.weights import load_weights, read_tensors
from bench.records import RunStore, find_run
from bench.records.weights import weights_of
from bench.runs.spec import spec_of
from bench.seeding import seeded
from bench.tasks.registry import find_suite

if TYPE_CHECKING:
    from bench.learners.contract import Learner


def load_learner(key: str, runs: Sequence[Path | str] = (), tasks_file: Path | None = None) -> Learner:
    """A finished run's learner as it was scored, on the CPU, in eval mode. Needs none of the suite's images.

    Parameters
    ----------
    key : a run's key, its first letters, or its directory
    runs : directories of records [default: the published ones and ./runs]
    tasks_file : where a suite that is not a standard one is declared

    Ask it as the harness does: `with torch.no_grad(): learner.predict(support_x, support_y, query_x)`; images are
    float32 [B, S, C, H, W] in [0, 1], prepared as `bench.runs.spec.transform_of` says for the suite.

    Raises UsageError for an unknown run, learner or suite, StoreError or Mismatch where the weights are not here.
    """
    store, path = find_run(key, [Path(root) for root in runs])
    return learner_of(store, path, tasks_file)


def learner_of(store: RunStore, path: Path, tasks_file: Path | None = None) -> Learner:
    """The same for a run that was found."""
    record = store.read(path)
    if record.status != "ok":
        raise UsageError(f"{path} is {record.status!r}, not a finished run.", "`bench list runs` shows the others.")
    cls = load(find_learner(record.algorithm.name))
    with seeded(record.seed or 0):
        built = cls(spec_of(find_suite(record.suite.name, tasks_file)), resolve_options(cls, record.algorithm.options))
    built.noise_seed = record.seed or 0
    built.strategy = record.strategy  # type: ignore[assignment]  # a strategy the record's recipe was checked for
    if file := weights_of(path, record):
        load_weights(built, read_tensors(file)[0])
    return built.eval().requires_grad_(False)
