"""One measurement, in a process of its own: what `processes.call` carries out for `bench speed`."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from bench._version import __version__
from bench.learners.contract import Learner
from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.moments import utc_text
from bench.runs.allocator import keep_memory
from bench.runs.build import build
from bench.runs.device import choose_device
from bench.runs.environment import Contention, environment
from bench.runs.job import Job
from bench.runs.measure import peak_memory
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.runs.train import checks, validation
from bench.speed.evaluation import answering, time_evaluation
from bench.speed.flops import count
from bench.speed.peak import matmul_gflops
from bench.speed.request import Request
from bench.speed.result import Evaluation, Flops, Share, Speed, Spread, Subject, Training
from bench.speed.training import Steps, Timed, median_block, time_own, time_steps
from bench.training.loop import check_steps
from bench.training.observer import Observer
from bench.training.precision import matmul_precision

_COUNTED = 10  # steps whose operations are counted, for their episodes may differ in size
_COUNTED_S = 2.0


def carry_out(request: Request, observer: Observer) -> dict[str, Any]:
    """The result as plain values. Raises whatever the learner raises, DataMissing, Mismatch."""
    keep_memory()  # as a run does, before anything large is made
    return measure(request.job.anchored(), request.seconds, observer, request.episodes).model_dump(mode="json")


def machine(device: str, observer: Observer) -> dict[str, Any]:
    """What would be measured on, as plain values of an `Environment`. Raises UsageError for CUDA that is not there."""
    return environment(choose_device(device)).model_dump(mode="json")  # type: ignore[arg-type]  # checked by the CLI


def measure(job: Job, seconds: float, observer: Observer, n: int | None = None) -> Speed:
    """Measure a job's learner, untrained, on its suite: matmul peak, training, evaluation, memory, operations.

    seconds : about how long each of training and evaluation is timed
    n : episodes of a block of evaluation [default: as many as fit]
    """
    device, recipe = choose_device(job.settings.device), job.recipe
    with matmul_precision(recipe.precision):
        prepared = prepare(job.suite, device, job.settings.data_dir)
        contention = Contention()
        peak = matmul_gflops(device, recipe.precision, min(1.0, seconds / 10))
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
        learner = _learner(job, prepared)
        training, steps, notes = None, None, list[str]()
        if job.trains:
            observer.note("timing the training")
            training, steps, notes = _training(job, prepared, learner, seconds, observer.alone)
        else:
            notes = [f"{job.info.name} trains nothing: there is only evaluation."]
        observer.note("timing the evaluation")
        episodes = prepared.evaluation("test")
        evaluation = time_evaluation(learner, episodes, job.eval_batch, recipe.precision, seconds, observer.alone, n)
        contended, memory = contention.busy(), peak_memory(device)
        observer.note("counting operations")
        flops, said = _flops(job, prepared, learner, steps, evaluation)
    parameters = sum(p.numel() for p in learner.parameters())
    return Speed(
        bench_version=__version__,
        measured=utc_text(),
        seconds=seconds,
        subject=_subject(job, parameters),
        environment=environment(device),
        contended=contended,
        training=training,
        evaluation=evaluation,
        flops=flops,
        peak_host_mib=memory.peak_host_mib or 0.0,
        peak_device_mib=memory.peak_device_mib,
        matmul_gflops=peak,
        notes=(*notes, *filter(None, said)),
    )


def _learner(job: Job, prepared: PreparedSuite) -> Learner:
    kind = load(job.info)
    options = resolve_options(kind, job.facts.options)
    return build(kind, options, prepared, job.seed, job.recipe.strategy, job.settings.checkpoint)


def _subject(job: Job, parameters: int) -> Subject:
    return Subject(
        learner=job.info.name,
        suite=job.suite.name,
        recipe=job.recipe_name if job.trains else "",
        options=job.facts.options,
        precision=job.recipe.precision,
        strategy=job.recipe.strategy,
        noun=job.suite.domain.noun,
        parameters=parameters,
    )


def _training(
    job: Job, prepared: PreparedSuite, learner: Learner, seconds: float, alone: Callable[[], None]
) -> tuple[Training, Steps | None, list[str]]:
    recipe, seed = job.recipe, job.seed or 0
    source, validate = prepared.training(seed), validation(job, prepared, learner)
    own = type(learner).meta_train is not Learner.meta_train
    steps = None if own else Steps(learner, source, recipe, seed)
    timed = time_own(learner, source, recipe, seconds, alone) if steps is None else time_steps(steps, seconds, alone)
    took = _check_seconds(validate, seconds, alone)
    check_s = Spread.of(took).median
    due = None if own else len(check_steps(recipe.steps, checks(job)))
    notes = _notes(job, timed, own, check_s)
    whole, parts = _shares(timed.blocks, recipe.steps, took, due)
    rates = Spread.of(timed.rates)
    training = Training(
        steps=recipe.steps,
        batch=None if own else recipe.batch,
        timed=timed.steps,
        steps_per_s=rates,
        episodes_per_s=None if own else Spread.of([rate * recipe.batch for rate in timed.rates]),
        parts=parts,
        checks=due,
        check_s=check_s,
        whole_s=whole,
    )
    return training, steps, notes


def _check_seconds(validate: Callable[[], object], seconds: float, alone: Callable[[], None]) -> list[float]:
    """Seconds of one check of the validation rule: of three, or of fewer where they are long."""
    validate()  # first calls allocate
    took: list[float] = []
    while not took or (len(took) < 3 and sum(took) < seconds / 4):
        alone()
        began = time.perf_counter()
        validate()  # a mean comes back, so that the device is done
        took.append(time.perf_counter() - began)
    return took


def _shares(
    blocks: list[dict[str, float]], steps: int, checks_s: list[float], due: int | None
) -> tuple[float, tuple[Share, ...]]:
    """Seconds of a whole training, and its parts: those of the median block, and the checks spread over the steps."""
    block = median_block(blocks)
    spread = {name: [each[name] for each in blocks] for name in block}
    if due:
        spread["validation"] = [1e3 * check * due / steps for check in checks_s]
        block = {**block, "validation": Spread.of(spread["validation"]).median}
    total = sum(block.values())
    parts = tuple(
        Share(name=name, ms=ms, low=min(spread[name]), high=max(spread[name]), share=ms / total)
        for name, ms in block.items()
    )
    return total * steps / 1e3, parts


def _notes(job: Job, timed: Timed, own: bool, check_s: float) -> list[str]:
    notes = []
    if own:
        each = timed.steps // (2 * len(timed.blocks))
        length = f"{each:,} step{'s' if each > 1 else ''}"
        notes.append(
            f"{job.info.name} has a training of its own: its episodes, what it does between draws and how often it "
            f"checks are its own business. It was timed in trainings of {length}, where what is done once a training "
            f"weighs more than in a whole one, without checks; one takes {check_s:.3g} s."
        )
    slower = sum(median_block(timed.blocks).values()) * Spread.of(timed.rates).median / 1e3
    if slower > 1.1:
        notes.append(
            f"The blocks whose parts were timed took {slower:.2f} times as long as the others: shares are of them, "
            "steps/s of the others."
        )
    return notes


def _flops(
    job: Job, prepared: PreparedSuite, learner: Learner, steps: Steps | None, evaluation: Evaluation
) -> tuple[Flops, list[str]]:
    compiled = job.recipe.strategy == "compiled"
    training, said = None, ["FLOPs are counted before anything is compiled."] if compiled else []
    if steps is not None:
        began = time.perf_counter()
        steps(1)
        n = max(1, min(_COUNTED, int(_COUNTED_S / max(time.perf_counter() - began, 1e-9))))
        training, note = count("training", learner, n * job.recipe.batch, partial(steps, n))
        said.append(note)
    batch, n = evaluation.batch, evaluation.episodes
    again = answering(learner, prepared.evaluation("test"), n, batch, job.recipe.precision)
    answered, note = count("evaluation", learner, n, again)
    return Flops(training=training, evaluation=answered), [*said, note]
