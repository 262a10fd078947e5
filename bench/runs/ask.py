"""Asking a learner's code in a process of its own. What ends that process ends no other question."""

from __future__ import annotations

from bench.errors import BenchError
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
            return Answer(_state(question), _as_read(question), ended.failure)

    return ask


def _state(question: Question) -> SuiteState:
    """The suite's own part, without the learner's code. Raises BenchError where not even that can be had."""
    try:
        return SuiteState.from_plain(call("state", question))
    except Ended:
        raise BenchError(
            "A process that runs no learner's code ended early: the machine may be short of memory or of processes.",
            "Look at `ulimit -a` or the limits of the container; `bench doctor` looks at the installation.",
        ) from None


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
