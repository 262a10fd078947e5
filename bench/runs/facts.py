"""Answers to `resolve`'s questions, by importing the learner and preparing the suite in this process."""

from __future__ import annotations

import dataclasses
import json
from typing import get_args

import torch

from bench.learners.contract import Family
from bench.learners.explorer import unfit
from bench.learners.loading import load
from bench.learners.options import resolve_options
from bench.runs.job import LearnerFacts, SuiteState
from bench.runs.material import prepare
from bench.runs.resolve import Answer, Question


def answer(question: Question) -> Answer:
    """Everything at once. Raises UsageError, DataMissing, DataInvalid, Mismatch, and what the learner's code raises."""
    learner = load(question.info)
    trains = bool(learner.trains) if isinstance(learner.trains, bool) else True
    recipe = question.recipe.options if trains or question.starts_from_checkpoint else {}
    options = resolve_options(learner, {**recipe, **question.overrides})
    state, spec = suite_state(question)
    facts = LearnerFacts(
        options=json.loads(json.dumps(dataclasses.asdict(options))),
        family=learner.family,
        trains=trains,
        transductive=learner.transductive is True,
        privileged=learner.knows if isinstance(learner.knows, str) else "",
        skip=unfit(learner, spec),
    )
    return Answer(state, facts)


def suite_state(question: Question):
    prepared = prepare(question.suite, torch.device("cpu"), question.data_dir)
    spec = prepared.spec
    shape = (spec.way, spec.shot, spec.query)
    return SuiteState(prepared.manifest, prepared.fingerprint, prepared.pinned, prepared.source, shape), spec


def as_read(question: Question, broken: str) -> LearnerFacts:
    """What the source text alone says, for a learner whose code can't be asked."""
    info = question.info
    return LearnerFacts(
        options=dict(question.overrides),
        family=info.family if info.family in get_args(Family) else "?",
        trains=info.trains is not False,
        transductive=info.transductive is True,
        privileged="",
        skip=None,
    )
