"""Asking a learner's code in a process of its own. What ends that process ends no other question."""

from __future__ import annotations

from bench.runs.failure import Ended
from bench.runs.job import LearnerFacts, SuiteState
from bench.runs.processes import call
from bench.runs.resolve import Answer, Ask, Question


def asking(timeout: float | None) -> Ask:
    """`ask` for `bench.runs.resolve`, each question with `timeout` seconds at most."""

    def ask(question: Question) -> Answer:
        try:
            return Answer.from_plain(call("answer", question, timeout=timeout))
        except Ended as ended:
            state = SuiteState.from_plain(call("state", question))  # the suite's own part, without the learner's code
            return Answer(state, _as_read(question), ended.failure)

    return ask


def _as_read(question: Question) -> LearnerFacts:
    """What the source text alone says, for a learner whose code can't be asked."""
    info = question.info
    return LearnerFacts(
        options=dict(question.overrides),
        family=info.family,
        trains=info.trains is not False,
        transductive=info.transductive is True,
        privileged="",
        skip=None,
    )
