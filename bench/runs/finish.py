"""The last step of a run that came to its end: what it cost, its weights, its record."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bench.learners.weights import write_tensors
from bench.records.weights import CHECKPOINT
from bench.runs.failure import Failure
from bench.runs.measure import peak_memory, size
from bench.runs.metrics import too_many_floored
from bench.runs.outcome import Outcome
from bench.runs.prepared_suite import PreparedSuite
from bench.runs.score import Scored
from bench.runs.workplace import Workplace
from bench.runs.write import Findings, write, write_failure

if TYPE_CHECKING:
    from bench.learners.contract import Learner


def finish(
    at: Workplace, prepared: PreparedSuite, learner: Learner, scored: Scored, findings: Findings, fault: str | None
) -> Outcome:
    """Measure what the run cost, and write its record; the training state is not needed any more."""
    at.observer.alone()
    findings.scores = scored.scores
    findings.timing = findings.timing.model_copy(
        update={
            "eval_s": round(scored.seconds, 3),
            "eval_episodes_per_s": round(scored.new / max(scored.seconds, 1e-9), 3),
            "batch": at.job.eval_batch,
            "contended": scored.contended,
        }
    )
    findings.size = size(learner.eval(), prepared.evaluation("test"))
    findings.memory = peak_memory(at.device)
    if tensors := learner.state_dict():
        findings.checkpoint = at.folder / CHECKPOINT
        write_tensors(findings.checkpoint, tensors, {"run": at.job.title})  # of several entries the order is random
    if reason := fault or too_many_floored(scored.scores):
        outcome = write_failure(at.job, at.store, Failure(reason), findings)
    else:
        outcome = write(at.job, at.store, "ok", None, findings)
    shutil.rmtree(at.folder, ignore_errors=True)
    return outcome
