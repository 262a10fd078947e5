"""The fifth step of a run: a few of the scored episodes once more, in other company."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from bench.checks.audit import Audited, Subject, audit
from bench.learners.loading import load_anew
from bench.learners.options import resolve_options
from bench.learners.reading import LearnerInfo
from bench.learners.strategies import Strategy
from bench.learners.weights import Tensors, load_weights
from bench.records import Audit, AuditCheck
from bench.runs.build import build
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.score import Scored
from bench.runs.workplace import Workplace
from bench.runs.write import Findings
from bench.training.precision import Precision

if TYPE_CHECKING:
    from bench.learners.contract import Learner

_SECONDS, _SHARE = 10.0, 0.05  # of the evaluation: an audit takes as long as the longer of the two


def audited(at: Workplace, prepared: PreparedSuite, learner: Learner, scored: Scored, findings: Findings) -> str | None:
    """Why the scores don't count, or None; what was found goes into the record."""
    job = at.job
    pairs = scored.watch.kept_of(scored.pairs)
    if not pairs:
        return None
    made = Made(job.info, job.facts.options, job.seed, job.recipe.strategy, scored.began_with)
    budget_s = max(_SECONDS, _SHARE * scored.seconds)
    found = audit(subject(learner, made, prepared, job.recipe.precision, job.key), pairs, budget_s)
    findings.audit = as_record(found)
    return found.failure


@dataclass(frozen=True)
class Made:
    """How a learner was made, for another one like it: its class, and the state that it began its evaluation with."""

    info: LearnerInfo
    options: dict[str, Any]
    seed: int | None
    strategy: Strategy
    state: Tensors

    def anew(self, prepared: PreparedSuite) -> Learner:
        learner = load_anew(self.info)
        built = build(learner, resolve_options(learner, self.options), prepared, self.seed, self.strategy, None)
        load_weights(built, self.state)
        return built


def subject(learner: Learner, made: Made, prepared: PreparedSuite, precision: Precision, key: str) -> Subject:
    """A learner that has been scored, as the audit takes it."""
    return Subject(
        own=learner,
        fresh=lambda: made.anew(prepared),
        changed=changed(made.state, learner),
        domain=prepared.suite.domain,
        device=prepared.device,
        precision=precision,
        key=key,
    )


def changed(began_with: Tensors, learner: Learner) -> tuple[str, ...]:
    """Tensors of a learner's state that its own evaluation changed; noise that was drawn meanwhile is none of them."""
    now = learner.state_dict()
    return tuple(name for name, value in began_with.items() if name not in now or not torch.equal(now[name], value))


def as_record(found: Audited) -> Audit:
    checks = [
        AuditCheck(
            check=name,
            compared=one.compared,
            differing=one.differing,
            largest=float(f"{one.largest:.3g}") if math.isfinite(one.largest) else None,
        )
        for name, one in found.checks.items()
    ]
    return Audit(episodes=found.episodes, checks=checks, seconds=found.seconds)
