"""From what a run did to what its record says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.records import (
    AlgorithmRef,
    Checkpoint,
    Protocol,
    Record,
    Size,
    SuiteRef,
    Validation,
    describe_scores,
)
from bench.runs.environment import code, environment
from bench.runs.metrics import metrics
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.request import Request
from bench.runs.state import file_sha256

if TYPE_CHECKING:
    from bench.learners.contract import Learner


def record(
    request: Request,
    material: PreparedSuite,
    key: str,
    *,
    status: str,
    reason: str | None,
    learner: Learner | None,
    scores: pd.DataFrame | None,
    checkpoint: Path | None,
    validation: Validation | None,
    started: datetime,
    **parts: Any,
) -> Record:
    """The record of one run; parts that a run did not reach are left out."""
    suite, info, recipe = request.suite, request.info, request.recipe
    return Record(
        key=key,
        status=status,  # type: ignore[arg-type]  # checked by pydantic
        reason=reason,
        suite=SuiteRef(
            name=suite.name,
            version=suite.version,
            kind=suite.kind,
            manifest_sha256=material.manifest,
            data_fingerprint=material.fingerprint,
            pinned=material.pinned,
            data_source=material.source,
        ),
        episodes=0 if scores is None else len(scores),
        algorithm=AlgorithmRef(
            name=info.name,
            family=request.learner.family,
            origin=info.origin,
            title=info.title,
            options=request.option_dict(),
            overrides=dict(request.settings.overrides),
            trains=request.seed is not None,
            privileged=request.learner.privileged,
            source_sha256=request.source_sha256,
        ),
        recipe=request.recipe_name,
        budget=request.settings.budget,
        seed=request.seed,
        protocol=_protocol(request, material, learner),
        metrics=[] if scores is None else metrics(suite, scores),
        validation=validation,
        precision=recipe.precision,
        strategy=recipe.strategy,
        environment=environment(material.device),
        code=code(),
        command=request.settings.command,
        started=_utc(started),
        finished=_utc(datetime.now(UTC)),
        checkpoint=_checkpoint(checkpoint),
        scores=None if scores is None else describe_scores(scores),
        **parts,
    )


def size(learner: Learner, flops: float | None) -> Size:
    return Size(parameters=sum(p.numel() for p in learner.parameters()), flops_per_episode=flops)


def joined(previous: pd.DataFrame | None, scores: pd.DataFrame) -> pd.DataFrame:
    """A longer request appends to the scores that are there.

    A metric that bench learned to measure since then would be known for the new episodes only: it stays out.
    """
    if previous is None:
        return scores
    return pd.concat([previous, scores[[str(name) for name in previous.columns]]], ignore_index=True)


def _protocol(request: Request, material: PreparedSuite, learner: Learner | None) -> Protocol:
    way, shot, query = material.spec.episode_shape
    shape = request.recipe.train
    # Options may decide these, so an instance tells; a run that failed before there was one is on no board.
    transductive = learner.transductive if learner else request.learner.transductive is True
    external_data = learner.external_data if learner else ()
    saw_test_classes = learner.saw_test_classes if learner else False
    return Protocol(
        transductive=transductive,
        external_data=list(external_data),
        saw_test_classes=saw_test_classes,
        train_way=(shape.way or way or None) if request.trains else None,
        train_shot=(shape.shot or shot or None) if request.trains else None,
        train_query=(shape.query or query or None) if request.trains else None,
        selection=request.recipe.selection if request.trains else "none",
        n_configs_tried=request.settings.n_configs_tried,
    )


def _checkpoint(file: Path | None) -> Checkpoint | None:
    return Checkpoint(sha256=file_sha256(file), bytes=file.stat().st_size) if file else None


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
