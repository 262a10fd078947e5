"""The audit of a run: a few of its official episodes, answered again in other company, must come out as they did.

The checks before a run see an untrained learner on generated tasks. The audit sees the run itself: its weights, its
precision, its device, its episodes, and whatever the learner has met by then.
"""

from bench.checks.audit.audit import Audited, Subject, audit
from bench.checks.audit.watch import Kept, Watch, audited_pairs

__all__ = ["Audited", "Kept", "Subject", "Watch", "audit", "audited_pairs"]
