"""Level fresh: entry and reference on episodes nobody has seen, where tuning on the published ones is a lost lead."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.errors import UsageError
from bench.learners.contract import unfit
from bench.learners.options import resolve_options
from bench.learners.registry import find_learner, load
from bench.runs.build import build
from bench.stats import Difference, paired_difference
from bench.submissions.container import opened
from bench.submissions.entry import Entry, read_entry
from bench.submissions.replay import Replay, Site, answered, replay
from bench.submissions.report import Report, mismatch, ok
from bench.submissions.spot_sampling import salt
from bench.tasks.suites import Suite

Floats = npt.NDArray[np.float64]

N = 600  # finds an inflation of one accuracy point with probability about .9 (one of two: about 1)
LEVEL = 0.99  # an honest entry fails once in a hundred


def verify_fresh(entry: Entry, nonce: str, site: Site, n: int = N, reference: str | None = None) -> Report:
    """Compare entry - reference on `n` unpublished episodes with the same difference on the published ones.

    reference : a stored run with its checkpoint, or the name of a learner without training, which is scored on the
        published episodes here and now [default: the last of its domain's references, which answers every suite]

    The difference of the two differences must have 0 in its 99 % interval. Squared errors enter as logarithms.
    `agree` is `n` or 0. Raises what `replay` raises, UsageError for a reference that can't be used.
    """
    ready = replay(entry, site)
    suite, stream = ready.prepared.suite, salt(nonce)
    published = _values(suite, entry.scores())
    other, other_published = _reference(reference or _default(suite), ready, site, len(published))
    common = min(len(published), len(other_published))
    before = paired_difference(published[:common], other_published[:common])
    batch = max(1, ready.record.timing.batch)
    after = paired_difference(
        _values(suite, ready.block(0, n, batch, stream)), _values(suite, other.block(0, n, batch, stream))
    )
    shift, half = _shift(before, after)
    unit = f"log {suite.metric}" if _skewed(suite) else suite.metric
    text = (
        f"{ready.record.algorithm.name} - {other.record.algorithm.name} in {unit}: {before.mean:.4f} on {common:,} "
        f"published episodes, {after.mean:.4f} on {n:,} fresh ones; change {shift:+.4f} ± {half:.4f}"
    )
    agrees = abs(shift) <= half
    finding = ok("fresh", text) if agrees else mismatch("fresh", text)
    findings = (*ready.findings, finding)
    return Report("fresh", findings, n, n if agrees else 0, abs(shift), nonce, answered=ready.answered)


def _shift(before: Difference, after: Difference) -> tuple[float, float]:
    """after - before and the half width of its interval: the episodes of the two are independent."""
    z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
    return after.mean - before.mean, z * math.hypot(before.se, after.se)


def _default(suite: Suite) -> str:
    """A learner without training, so that it is there for every suite."""
    if not suite.domain.references:
        raise UsageError(f"{suite.kind} has no reference of its own.", "Name a learner without training: --reference")
    return Path(suite.domain.references[-1]).stem


def _skewed(suite: Suite) -> bool:
    return suite.domain.metric(suite.metric).skewed


def _values(suite: Suite, scores: pd.DataFrame) -> Floats:
    values = scores["score"].to_numpy(dtype=np.float64)
    if not _skewed(suite):
        return values
    logs: Floats = np.log(np.maximum(values, 1e-12))
    return logs


def _reference(name: str, ready: Replay, site: Site, n: int) -> tuple[Replay, Floats]:
    """The reference and its scores on the published episodes."""
    suite = ready.prepared.suite
    if "/" in name or name.endswith(".zip"):
        with opened(Path(name)) as folder:
            stored = read_entry(folder)
            if stored.record.suite.manifest_sha256 != ready.record.suite.manifest_sha256:
                raise UsageError(f"{name} was measured on other episodes.", f"Choose a run on {suite.name}.")
            own = Site(site.device, site.data_dir, site.tasks_file)  # submitted code and weights are the entry's only
            return replay(stored, own), _values(suite, stored.scores())
    info = find_learner(name)
    learner = load(info)
    if learner.trains or unfit(learner, ready.prepared.spec):
        raise UsageError(
            f"{name} can't be the reference on {suite.name}: it needs training, or skips such suites.",
            "Give a stored run with its checkpoint: --reference leaderboards/results/SUITE/ALGO/KEY",
        )
    options = resolve_options(learner, {})
    built = build(learner, options, ready.prepared, None, "loop", None)
    algorithm = ready.record.algorithm.model_copy(update={"name": name})
    record = ready.record.model_copy(update={"algorithm": algorithm, "precision": "fp32"})
    other = Replay(record, built, ready.prepared, ready.exact, (), answered(info, options))
    return other, _values(suite, other.block(0, n, max(1, record.timing.batch)))
