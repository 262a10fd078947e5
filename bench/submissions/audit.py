"""The audit of a run, repeated by whoever verifies it."""

from __future__ import annotations

from itertools import groupby

from bench.checks.audit import Watch, audit, audited_pairs
from bench.runs.audit import subject
from bench.submissions.replay import Replay
from bench.submissions.report import Finding, mismatch, note, ok
from bench.training.precision import matmul_precision


def watch(ready: Replay) -> Watch:
    """Keeps the answers to the episodes that the run's own audit asked, or would have."""
    return Watch(ready.prepared.evaluation("test"), frozenset(episode for pair in _pairs(ready) for episode in pair))


def repeat_audit(ready: Replay, seen: Watch | None = None) -> Finding:
    """Audit a replayed learner. Without answers that were seen the episodes are answered first, pair by pair."""
    assert ready.made is not None
    if seen is None:
        seen = watch(ready)
        for pair in _pairs(ready):
            ready.block(pair[0], len(pair), len(pair), watch=seen)
    pairs = seen.kept_of(_pairs(ready))
    if not pairs:
        return note("audit", "no audited episode can be asked again")
    asked = subject(ready.learner, ready.made, ready.prepared, ready.record.precision, ready.record.key)
    with matmul_precision(ready.record.precision):
        found = audit(asked, pairs)  # however long it takes
    if found.failure:
        return mismatch("audit", found.failure)
    return ok("audit", f"{len(found.episodes)} official episodes are answered alike in other company")


def _pairs(ready: Replay) -> list[tuple[int, ...]]:
    record = ready.record
    if record.audit:
        return [tuple(pair) for _, pair in groupby(record.audit.episodes, key=lambda episode: episode // 2)]
    return audited_pairs(record.key, 0, record.episodes, max(1, record.timing.batch))
