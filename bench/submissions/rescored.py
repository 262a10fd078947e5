"""Level rescored: every episode answered again from the checkpoint, in the batches it was scored in.

A learner's file changes while what it computes stays: this is how a result is carried over to the source of today.
"""

from __future__ import annotations

import numpy as np

from bench.submissions.agreement import differing, published_scores, verdict
from bench.submissions.audit import repeat_audit, watch
from bench.submissions.entry import Entry
from bench.submissions.replay import Site, replay
from bench.submissions.report import Report


def verify_rescored(entry: Entry, site: Site) -> Report:
    """Compare all scores, exactly where this machine computes alike, else as level spot does.

    `k` counts the episodes, `agree` those that agree. Raises what `replay` raises, Mismatch for scores that are not
    those of the record.
    """
    published = published_scores(entry)
    ready = replay(entry, site)
    seen = watch(ready)
    again = ready.block(0, len(published), max(1, entry.record.timing.batch), watch=seen)
    differ = np.flatnonzero(differing(ready, published, again))
    gap = float(np.abs(published["score"] - again["score"]).max())
    findings = (*ready.findings, verdict("rescored", ready, published, again, differ), repeat_audit(ready, seen))
    n = len(published)
    return Report("rescored", findings, n, n - len(differ), gap, answered=ready.answered)
