"""The fifth step of a run: a few of the scored episodes once more, in other company."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from bench.checks.audit import Audited, Subject, audit
from bench.learners.loading import load_anew
from bench.learners.options import resolve_options
from bench.learners.weights import Tensors, load_weights
from bench.records import Audit, AuditCheck
from bench.runs.build import build
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.score import Scored
from bench.runs.workplace import Workplace
from bench.runs.write import Findings

if TYPE_CHECKING:
    from bench.learners.contract import Learner


def audited(at: Workplace, prepared: PreparedSuite, learner: Learner, scored: Scored, findings: Findings) -> str | None:
    """Why the scores don't count, or None; what was found goes into the record."""
    job = at.job
    pairs = scored.watch.kept_of(scored.pairs)
    if not pairs:
        return None

    def fresh() -> Learner:
        anew = load_anew(job.info)
        built = build(anew, resolve_options(anew, job.facts.options), prepared, job.seed, job.recipe.strategy, None)
        load_weights(built, scored.began_with)
        return built

    subject = Subject(
        own=learner,
        fresh=fresh,
        changed=changed(scored.began_with, learner),
        domain=prepared.suite.domain,
        device=prepared.device,
        precision=job.recipe.precision,
        key=job.key,
    )
    found = audit(subject, pairs, scored.seconds)
    findings.audit = as_record(found)
    return found.failure


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
