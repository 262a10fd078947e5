"""Answers to `resolve`'s questions, by importing the learner and preparing the suite in this process."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import torch

from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.runs.impossible import way_bound, why_not
from bench.runs.job import LearnerFacts, SuiteState
from bench.runs.prepared_suite import PreparedSuite, prepare
from bench.runs.resolve import Answer, Question


def answer(question: Question) -> Answer:
    """Everything at once. Raises UsageError, DataMissing, DataInvalid, Mismatch, and what the learner's code raises."""
    prepared = prepare(question.suite, torch.device("cpu"), question.data_dir)
    learner: Any = load(question.info)  # where an option decides, the class has a property
    trains = learner.trains if isinstance(learner.trains, bool) else True
    recipe = question.recipe.options if trains or question.starts_from_checkpoint else {}
    options = resolve_options(learner, {**recipe, **question.overrides})
    facts = LearnerFacts(
        options=json.loads(json.dumps(dataclasses.asdict(options))),
        family=learner.family,
        trains=trains,
        transductive=learner.transductive is True,
        privileged=learner.privileged if isinstance(learner.privileged, str) else "",
        skip=why_not(learner, options, prepared, question.recipe),
        way_bound=way_bound(learner, options, prepared.spec, question.recipe) if trains else "",
    )
    return Answer(suite_state(prepared), facts)


def suite_state(prepared: PreparedSuite) -> SuiteState:
    return SuiteState(
        prepared.manifest,
        prepared.fingerprint,
        prepared.pinned,
        prepared.source,
        prepared.spec.episode_shape,
        prepared.suite.domain.train_pool(prepared.data),
    )
