"""The last step of a run: from what it did to its record in the store. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import StoreError, shorten
from bench.identity import PROTOCOL
from bench.moments import utc_text
from bench.records import (
    AlgorithmRef,
    Audit,
    Checkpoint,
    Environment,
    Identity,
    Memory,
    Protocol,
    Record,
    RunStore,
    Size,
    SuiteRef,
    Timing,
    Validation,
    describe_scores,
)
from bench.records.command import portable
from bench.records.files import file_sha256
from bench.runs.environment import code
from bench.runs.failure import Failure
from bench.runs.job import Job
from bench.runs.metrics import metrics
from bench.runs.outcome import Outcome, finished

if TYPE_CHECKING:
    import pandas as pd

    from bench.learners.contract import Learner


@dataclass(frozen=True)
class Declared:
    """What an instance of the learner says it sees; options may decide it."""

    transductive: bool = False
    external_data: tuple[str, ...] = ()
    saw_test_classes: bool = False
    test_time_ensemble: int = 1

    @classmethod
    def by(cls, learner: Learner) -> Declared:
        return cls(
            learner.transductive,
            tuple(learner.external_data),
            learner.saw_test_classes,
            learner.test_time_ensemble,
        )


@dataclass
class Findings:
    """What a run has found out so far; steps that it did not reach leave their parts empty."""

    environment: Environment
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    declared: Declared | None = None
    validation: Validation | None = None
    curve: pd.DataFrame | None = None
    scores: pd.DataFrame | None = None
    timing: Timing = field(default_factory=Timing)
    memory: Memory = field(default_factory=Memory)
    size: Size | None = None
    checkpoint: Path | None = None
    audit: Audit | None = None


def write_failure(job: Job, store: RunStore, failure: Failure, findings: Findings) -> Outcome:
    """Store the record of a job that has failed, or timed out."""
    return write(job, store, failure.status, failure.reason, findings, failure)


def write(
    job: Job, store: RunStore, status: str, reason: str | None, findings: Findings, failure: Failure | None = None
) -> Outcome:
    """Store the record; the caller holds the run's lease. Where only an `ok` would do, the outcome is not stored.

    Raises StoreError when the disk refuses.
    """
    record = record_of(job, status, reason and shorten(reason), findings, failure)
    earlier = None if status == "ok" else _finished(store, job)
    if earlier is not None and earlier.status != "validated":
        return Outcome(job, earlier.path, record, stored=False, note=f"The earlier record stays: {earlier.path}")
    path = store.write(record, findings.scores, findings.curve, job.stored_recipe(), findings.checkpoint)
    return Outcome(job, path, record)


def _finished(store: RunStore, job: Job) -> Outcome | None:
    try:
        return finished(store, job)
    except StoreError:  # what can't be read is no loss
        return None


def record_of(job: Job, status: str, reason: str | None, findings: Findings, failure: Failure | None = None) -> Record:
    """The record of one run."""
    suite, info, facts, scores = job.suite, job.info, job.facts, findings.scores
    return Record(
        key=job.key,
        identity=Identity(
            protocol=PROTOCOL, suite_sha256=job.suite_sha256, initial_checkpoint_sha256=job.checkpoint_sha256
        ),
        status=status,  # type: ignore[arg-type]  # checked by pydantic
        reason=reason,
        failure=failure.kind if failure else None,
        traceback=failure.traceback if failure else None,
        attempts=list(job.settings.attempts),
        suite=SuiteRef(
            name=suite.name,
            version=suite.version,
            kind=suite.kind,
            manifest_sha256=job.state.manifest,
            data_fingerprint=job.state.fingerprint,
            pinned=job.state.pinned,
            data_source=job.state.source,
        ),
        episodes=0 if scores is None else len(scores),
        algorithm=AlgorithmRef(
            name=info.name,
            family=facts.family,
            origin=info.origin,
            title=info.title,
            options=facts.options,
            overrides=dict(job.settings.overrides),
            trains=job.seed is not None,
            privileged=facts.privileged,
            source_sha256=job.source_sha256,
        ),
        recipe=job.recipe_name,
        budget=job.settings.budget,
        seed=job.seed,
        published_weights=job.settings.weights.published if job.settings.weights else None,
        protocol=_protocol(job, findings.declared or Declared(facts.transductive)),
        metrics=[] if scores is None else metrics(suite, scores),
        validation=findings.validation,
        audit=findings.audit,
        timing=findings.timing,
        memory=findings.memory,
        size=findings.size,
        precision=job.recipe.precision,
        strategy=job.recipe.strategy,
        environment=findings.environment,
        code=code(),
        command=portable(job.settings.command),
        started=utc_text(findings.started),
        finished=utc_text(),
        checkpoint=_checkpoint(findings.checkpoint),
        scores=None if scores is None else describe_scores(scores),
    )


def _protocol(job: Job, declared: Declared) -> Protocol:
    way, shot, query = job.state.shape
    shape, trains = job.recipe.train, job.trains
    external, saw = declared.external_data, declared.saw_test_classes
    if (weights := job.settings.weights) is not None:  # what was learned from is theirs to say, not the learner's
        external, saw = (*external, *weights.external_data), saw or weights.saw_test_classes
    return Protocol(
        transductive=declared.transductive,
        external_data=list(external),
        saw_test_classes=saw,
        test_time_ensemble=declared.test_time_ensemble,
        train_way=(shape.way or way or None) if trains else None,
        train_shot=(shape.shot or shot or None) if trains else None,
        train_query=(shape.query or query or None) if trains else None,
        selection=job.recipe.selection if trains else "none",
        n_configs_tried=job.settings.n_configs_tried,
    )


def _checkpoint(file: Path | None) -> Checkpoint | None:
    return Checkpoint(sha256=file_sha256(file), bytes=file.stat().st_size) if file else None
