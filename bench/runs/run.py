"""One measurement: train or load, evaluate the frozen episodes, time, write the record."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console

from bench.checks import find_leak
from bench.errors import BenchError, Mismatch, StoreError, UsageError
from bench.learners.contract import unfit
from bench.learners.weights import write_tensors
from bench.records import Record, RunStore, Size, Timing, Validation
from bench.records.files import explain
from bench.runs import describe
from bench.runs.allocator import keep_memory
from bench.runs.build import build
from bench.runs.environment import Contention
from bench.runs.evaluation import evaluate
from bench.runs.metrics import too_many_floored
from bench.runs.precision import matmul_precision
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.runs.progress import Display
from bench.runs.recipes import SMOKE_STEPS
from bench.runs.request import Request
from bench.runs.state import TrainingState, file_sha256
from bench.runs.timing import REPEATS, WARMUP, adaptation_latency, flops_per_episode, peak_memory
from bench.runs.training import Trained, meta_train

if TYPE_CHECKING:
    import pandas as pd

    from bench.learners.contract import Learner

_TRAINING = ".training-"  # folder of an unfinished training, beside the run it will become


@dataclass(frozen=True)
class Outcome:
    """Where a run's record lies, what it says, and whether it was there before."""

    path: Path
    record: Record
    cached: bool = False


def run(request: Request, console: Console) -> Outcome:
    """Carry out one request, or return its finished record at once.

    A learner that fails leaves a `failed` record with the reason; Ctrl-C leaves an `interrupted` one and goes on up.
    A finished record is never replaced by an interrupted one. Raises BenchError before anything is written when the
    data is missing or the hashes disagree, StoreError when the records can't be written.
    """
    keep_memory()
    device = _device(request)
    material = prepare(request.suite, device, request.settings.data_dir)
    initial = request.settings.checkpoint
    key = request.key(material.manifest, material.fingerprint, file_sha256(_existing(initial)) if initial else None)
    store = RunStore(request.settings.runs)
    found = None if request.settings.force else _finished(store, request, key)
    if found and (found.record.status == "skipped" or found.record.episodes >= request.episodes):
        return found
    measurement = _Measurement(request, material, key, store, found)
    with Display(console, request.title, request.suite.metric) as display, matmul_precision(request.recipe.precision):
        return measurement.carry_out(display)


class _Measurement:
    """The steps of one run; holds what the record will need, whichever way the run ends."""

    def __init__(
        self, request: Request, material: PreparedSuite, key: str, store: RunStore, found: Outcome | None
    ) -> None:
        self.request, self.material, self.key, self.store, self.found = request, material, key, store, found
        self.started = datetime.now(UTC)
        self.place = store.path(request.suite.name, request.info.name, key)
        self.folder = self.place.with_name(_TRAINING + key)
        self.learner: Learner | None = None
        self.trained: Trained | None = None

    def carry_out(self, display: Display) -> Outcome:
        skip = unfit(self.request.learner, self.material.spec)
        if skip:
            return self._write("skipped", f"{self.request.info.name} {skip}")
        self._claim_folder()
        try:
            self.learner = self._build()
            if leak := self._find_leak():
                return self._fail(leak)
            if self.request.trains and not self.found:
                self._train(display)
            return self._evaluate(display)
        except KeyboardInterrupt:
            if _finished(self.store, self.request, self.key) is None:  # else it stays: --force, or a longer request
                self._write("interrupted", "stopped by the user; the same command continues it")
            raise
        except (UsageError, StoreError, Mismatch):  # nothing about the learner
            raise
        except BenchError as error:
            return self._fail(error.message)
        except Exception as error:  # whatever a learner raises is a result about that learner
            return self._fail(f"{type(error).__name__}: {error}")
        finally:
            with contextlib.suppress(OSError):  # one that holds a training state stays
                self.folder.rmdir()

    def _find_leak(self) -> str | None:
        request, material = self.request, self.material
        return find_leak(
            request.learner, request.options, material.spec, request.source_sha256, self.store.root, material.device
        )

    def _claim_folder(self) -> None:
        """Make the folder of the training state: a disk that can't be written shows before the work, not after."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, self.place) from error

    def _fail(self, reason: str) -> Outcome:
        if self.found is None:
            return self._write("failed", reason)
        raise BenchError(
            f"{self.request.title}: {reason}",
            f"The {self.found.record.episodes:,} episodes scored before stay: bench show {self.found.path}",
        )

    def _build(self) -> Learner:
        request = self.request
        weights = self._scored_weights() if self.found else request.settings.checkpoint
        return build(request.learner, request.options, self.material, request.seed, request.recipe.strategy, weights)

    def _scored_weights(self) -> Path | None:
        """Checkpoint of the finished run that a longer request continues; StoreError unless it is the one it scored."""
        assert self.found is not None
        file, recorded = self.found.path / "checkpoint.safetensors", self.found.record.checkpoint
        if recorded is None:
            return None
        if not file.is_file() or file_sha256(file) != recorded.sha256:
            raise StoreError(
                f"{file} is {'not the checkpoint that was scored' if file.is_file() else 'missing'}; "
                f"{self.request.episodes:,} episodes need it.",
                "Restore the file, or train again with --force.",
            )
        return file

    def _train(self, display: Display) -> None:
        request, material, learner = self.request, self.material, self.learner
        assert learner is not None and request.seed is not None
        if request.settings.force:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._claim_folder()
        rule, recipe = request.suite.validation, request.recipe
        held_out = material.evaluation("val")

        def validate() -> float:
            scores = evaluate(learner, held_out, rule.episodes, batch=recipe.eval_batch, precision=recipe.precision)
            return float(scores["score"].mean())

        state = TrainingState(self.folder)
        display.phase("training", recipe.steps, state.steps_done())
        self.trained = meta_train(
            learner,
            material.training(request.seed),
            validate,
            request.suite.higher_is_better,
            recipe,
            1 if recipe.steps <= SMOKE_STEPS else rule.checks,
            request.seed,
            state,
            display,
        )

    def _evaluate(self, display: Display) -> Outcome:
        request, learner = self.request, self.learner
        assert learner is not None
        previous = self.store.read_scores(self.found.path, self.found.record) if self.found else None
        first = 0 if previous is None else len(previous)
        episodes, recipe = self.material.evaluation("test"), request.recipe
        display.phase("evaluation", request.episodes, first)
        done = first

        def advance(count: int) -> None:
            nonlocal done
            done += count
            display.advance(done)

        contention, began = Contention(), datetime.now(UTC)
        scores = evaluate(
            learner,
            episodes,
            request.episodes - first,
            batch=recipe.eval_batch,
            precision=recipe.precision,
            first=first,
            advance=advance,
        )
        seconds = (datetime.now(UTC) - began).total_seconds()
        learner.eval()
        latency = adaptation_latency(learner, episodes, recipe.precision)
        timing = Timing(
            eval_s=round(seconds, 3),
            eval_episodes_per_s=round(len(scores) / max(seconds, 1e-9), 3),
            adapt_ms_p50=round(latency.p50, 4),
            adapt_ms_p95=round(latency.p95, 4),
            batch=recipe.eval_batch,
            warmup=WARMUP,
            repeats=REPEATS,
            contended=contention.busy(),
        )
        flops = flops_per_episode(learner, episodes)
        timing = timing.model_copy(update=self._training_cost())
        return self._finish(describe.joined(previous, scores), timing, describe.size(learner, flops))

    def _training_cost(self) -> dict[str, float | None]:
        """Measured in this run, or taken from the record that a longer request extends."""
        if self.found:
            old = self.found.record.timing
            return {"train_s": old.train_s, "train_episodes_per_s": old.train_episodes_per_s}
        if self.trained is None:
            return {}
        progress, recipe = self.trained.progress, self.request.recipe
        rate = recipe.steps * recipe.batch / max(progress.step_seconds, 1e-9)
        return {"train_s": round(progress.seconds, 3), "train_episodes_per_s": round(rate, 3)}

    def _finish(self, scores: pd.DataFrame, timing: Timing, size: Size) -> Outcome:
        learner = self.learner
        assert learner is not None
        weights = self.folder / "checkpoint.safetensors"
        tensors = learner.state_dict()
        checkpoint = None
        if tensors:
            write_tensors(weights, tensors, {"run": self.request.title})  # of several entries the order would be random
            checkpoint = weights
        reason = too_many_floored(scores)
        outcome = self._write(
            "failed" if reason else "ok",
            reason,
            scores=scores,
            timing=timing,
            memory=peak_memory(self.material.device),
            size=size,
            checkpoint_file=checkpoint,
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        return outcome

    def _write(
        self,
        status: str,
        reason: str | None,
        scores: pd.DataFrame | None = None,
        checkpoint_file: Path | None = None,
        **parts: Any,
    ) -> Outcome:
        validation, curve = self._training_summary()
        record = describe.record(
            self.request,
            self.material,
            self.key,
            status=status,
            reason=reason,
            learner=self.learner,
            scores=scores,
            checkpoint=checkpoint_file,
            validation=validation,
            started=self.started,
            **parts,
        )
        path = self.store.write(record, scores, curve, self.request.stored_recipe(), checkpoint_file)
        return Outcome(path, record)

    def _training_summary(self) -> tuple[Validation | None, pd.DataFrame | None]:
        import pandas as pd

        if self.found:
            return self.found.record.validation, self.store.read_curve(self.found.path)
        if self.trained is None or self.trained.progress.best_score is None:
            return None, None
        progress = self.trained.progress
        assert progress.best_score is not None
        validation = Validation(
            metric=self.request.suite.metric,
            mean=progress.best_score,
            n=self.request.suite.validation.episodes,
            step=progress.best_step,
            checks=len(progress.curve),
        )
        return validation, pd.DataFrame(progress.curve)


def _finished(store: RunStore, request: Request, key: str) -> Outcome | None:
    path = store.find(request.suite.name, request.info.name, key)
    if path is None:
        return None
    record = store.read(path)
    return Outcome(path, record, cached=True) if record.status in ("ok", "skipped") else None


def _device(request: Request) -> torch.device:
    wanted = request.settings.device
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch sees no CUDA device.", "Use --device cpu, or `bench doctor` to see why.")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise UsageError(f"No such checkpoint: {file}", "`bench show RUN` prints where a run's checkpoint lies.")
    return file
