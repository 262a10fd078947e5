"""Ask a run's official episodes again, and say what came out otherwise."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from bench.checks.answers import Answers, flat
from bench.checks.audit.agreement import Agreement, agreement
from bench.checks.audit.asks import FIXED_QUERY_CHECKS, QUERY_CHECKS, Pair
from bench.checks.audit.watch import Kept
from bench.checks.leaks import FEWER, FIXED
from bench.domains import Domain
from bench.domains.episodes import Episodes
from bench.domains.tensors import moved, precision_of, together
from bench.errors import describe
from bench.learners.contract import Learner
from bench.learners.explorer import Explorer
from bench.training.precision import Precision, autocast

_WEIGHTS = "weights_unchanged"
_STATE = ("fresh_instance", "once_more", _WEIGHTS)  # what a learner's memory is to blame for


@dataclass(frozen=True)
class Subject:
    """Who is audited.

    own : the instance that gave the scores
    fresh : makes an instance with the weights that it began with, whose code has been imported anew
    changed : tensors of its state that differ from what they were before it was scored
    key : of the run; draws the queries
    """

    own: Learner
    fresh: Callable[[], Learner]
    changed: tuple[str, ...]
    domain: Domain
    device: torch.device
    precision: Precision
    key: str


@dataclass
class Audited:
    """What was asked again, and how far it agrees.

    episodes : those that were asked
    checks : by name, in order
    raised : the check in which the learner raised, and what
    """

    episodes: list[int] = field(default_factory=list)
    checks: dict[str, Agreement] = field(default_factory=dict)
    raised: str | None = None
    seconds: float = 0.0

    @property
    def failure(self) -> str | None:
        """Why the scores don't count ("leaks: queries_alone: ..."), or None."""
        if self.raised:
            return f"audit: {self.raised}"
        failed = {name: str(found) for name, found in self.checks.items() if not found.holds}
        if changed := self.checks.get(_WEIGHTS):
            failed[_WEIGHTS] = f"{changed.differing} tensors of its state dict were changed by answering"
        if not failed:
            return None
        kind = "state" if any(name in _STATE for name in failed) else "leaks"
        return f"{kind}: {'; '.join(f'{name}: {found}' for name, found in failed.items())}"


def audit(subject: Subject, pairs: Iterable[list[Kept]], budget_s: float = math.inf) -> Audited:
    """Ask the kept episodes again, pair by pair: queries and episodes in other company, a fresh instance, and the first
    pair once more at the end. Every learner is asked one pair at least.

    budget_s : the pair in which so many seconds have passed is the last one
    """
    began, auditor = time.perf_counter(), _Auditor(subject)
    own, was_training = subject.own, subject.own.training
    own.eval()
    try:
        auditor.begin()
        with torch.no_grad(), autocast(subject.device, subject.precision):
            for kept in pairs:
                auditor.examine(kept)
                if time.perf_counter() - began > budget_s:
                    break
            auditor.end()
    except _Raised as raised:
        auditor.audited.raised = str(raised)
    finally:
        own.train(was_training)
    auditor.audited.seconds = round(time.perf_counter() - began, 3)
    return auditor.audited


class _Auditor:
    def __init__(self, subject: Subject) -> None:
        self.subject, self.audited = subject, Audited()
        self._first: tuple[Any, Answers] | None = None

    def begin(self) -> None:
        if changed := len(self.subject.changed):
            self.audited.checks[_WEIGHTS] = Agreement(changed, changed, math.inf)
        self._fresh = self.subject.fresh().eval()

    def examine(self, kept: list[Kept]) -> None:
        """All checks of one pair. What the run answered, in its batches, is compared with what its learner answers to
        the pair now; and that, with the answers in other company and with the fresh instance's."""
        subject, part = self.subject, together([one.asked for one in kept])
        now = self._answer("as_in_the_run", subject.own, part)
        self._note("as_in_the_run", [(_joined([one.answers for one in kept]), now)], now)
        if isinstance(part, Episodes) and not subject.own.transductive:
            for check in FIXED_QUERY_CHECKS if subject.own.fixed_queries else QUERY_CHECKS:
                drawn = ("audit", subject.key, check.__name__, kept[0].episode)
                ask = partial(self._answer, check.__name__, subject.own)
                self._note(check.__name__, check(ask, part, now, drawn), now)
        first = {name: value[:1] for name, value in now.items()}
        self._note("other_episodes", [(first, self._answer("other_episodes", subject.own, kept[0].asked))], first)
        self._note("fresh_instance", [(now, self._answer("fresh_instance", self._fresh, part))], now)
        self.audited.episodes += [one.episode for one in kept]
        self._first = self._first or (part, now)

    def end(self) -> None:
        if self._first:
            part, before = self._first
            self._note("once_more", [(before, self._answer("once_more", self.subject.own, part))], before)

    def _answer(self, check: str, learner: Learner, part: Any) -> Answers:
        """For copies of the inputs, so that nobody's writing to them is met by the next check."""
        given = moved(part, precision_of(part), self.subject.device)
        try:
            return flat(self.subject.domain.ask(learner, given))
        except Exception as error:  # whatever a learner raises is a finding about that learner
            hint = f"; {FIXED}" if check in FEWER else ""
            raise _Raised(f"{check}: {describe(error)}{hint}") from error

    def _note(self, check: str, pairs: Iterable[Pair], whole: Answers) -> None:
        acts = isinstance(self.subject.own, Explorer)
        for expected, found in pairs:
            agrees = agreement(expected, found, whole, self.subject.precision, acts)
            self.audited.checks[check] = self.audited.checks.get(check, Agreement()) + agrees


class _Raised(Exception):
    """A learner that could not answer."""


def _joined(answers: list[Answers]) -> Answers:
    return {name: torch.cat([one[name] for one in answers]) for name in answers[0]}
