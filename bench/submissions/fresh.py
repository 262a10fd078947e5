"""Level fresh: entry and reference on episodes nobody has seen, where tuning on the published ones is a lost lead.

Others whose scores on the published episodes are known answer the fresh ones, too: how much easier these are is then
no matter of chance (`bench.stats.control_shift`), and a smaller inflation is seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import NormalDist

import numpy as np

from bench.boards.board.domain_facts import episodes_per_unit, unit_facts
from bench.boards.compare.controls import spec_of
from bench.records import Record
from bench.stats import Sharpened, control_shift
from bench.submissions.entry import Entry
from bench.submissions.references import default_reference, find_answering, find_reference, values
from bench.submissions.replay import Site, replay
from bench.submissions.report import Report, mismatch, ok
from bench.submissions.spot_sampling import salt

N = 600
LEVEL = 0.99  # an honest entry fails once in a hundred
POWER = 0.8  # of the inflation that the report names


def verify_fresh(
    entry: Entry, nonce: str, site: Site, n: int = N, reference: str | None = None, roots: Sequence[Path] = ()
) -> Report:
    """Compare entry - reference on `n` unpublished episodes with the same difference on the published ones.

    reference : a stored run with its checkpoint, or the name of a learner without training, which is scored on the
        published episodes here and now [default: the last of its domain's references, which answers every suite]
    roots : directories of records, whose learners answer the fresh episodes as controls where they can

    Squared errors enter as logarithms, and episodes that resemble their neighbours by the means of their blocks, for
    which `n` is rounded up. The difference of the two differences, sharpened by the reference and the controls, must
    have 0 in its 99 % interval. The report names its power: the inflation that it would have seen with 80 %
    probability. `agree` is `n` or 0. Raises what `replay` raises, UsageError for a reference that can't be
    used.
    """
    ready = replay(entry, site)
    stream, batch = salt(nonce), max(1, ready.record.timing.batch)
    per_unit = episodes_per_unit(ready.record.suite)
    n = max(2, -(-n // per_unit)) * per_unit  # whole units
    mine = values(ready.record, entry.scores())
    other = find_reference(reference or default_reference(ready.prepared.suite), ready, site, ready.record.episodes)
    common = min(len(mine), len(other.published))
    beside = [other, *find_answering(roots, ready, other, per_unit * common, site)]
    known_before = np.stack([who.published[:common] for who in beside], axis=1)
    known_after = np.stack([who.fresh(n, batch, stream) for who in beside], axis=1)
    before = mine[:common] - known_before[:, 0]
    after = values(ready.record, ready.block(0, n, batch, stream)) - known_after[:, 0]
    found = control_shift(before, known_before, after, known_after, LEVEL)
    controls = [beside[j].name for j in found.controls]
    metric = ready.record.metrics[0]
    unit = f"log {metric.name}" if spec_of(ready.record, metric.name).skewed else metric.name
    text = (
        f"{ready.record.algorithm.name} - {other.name} in {unit}: {before.mean():.4f} on {per_unit * common:,} "
        f"published episodes, {after.mean():.4f} on {n:,} fresh ones; {_change(found, controls)}; "
        f"would have seen {_inflation(found, ready.record)} with {POWER:.0%} power"
    )
    agrees = found.sharpened.low <= 0.0 <= found.sharpened.high
    finding = ok("fresh", text) if agrees else mismatch("fresh", text)
    return Report(
        level="fresh",
        findings=(*ready.findings, finding),
        k=n,
        agree=n if agrees else 0,
        max_abs_diff=abs(found.sharpened.mean),
        nonce=nonce,
        numbers={
            "unit": unit,
            "level": LEVEL,
            "plain": asdict(found.plain),
            "sharpened": asdict(found.sharpened),
            "controls": controls,
            "variance_ratio": found.variance_ratio,
            "power": POWER,
            "detectable": detectable(found.sharpened.se),
        },
        answered=ready.answered,
    )


def detectable(se: float) -> float:
    """The inflation that is found with probability `POWER`, in the unit of the change's standard error.

    >>> f"{detectable(0.5):.2f}"
    '1.71'
    """
    normal = NormalDist()
    return (normal.inv_cdf(0.5 + LEVEL / 2) + normal.inv_cdf(POWER)) * se


def _change(found: Sharpened, controls: Sequence[str]) -> str:
    change, half = found.sharpened.mean, (found.sharpened.high - found.sharpened.low) / 2
    sharpened = f" (sharpened by {', '.join(controls)}: variance / {found.variance_ratio:.1f})" if controls else ""
    return f"change {change:+.4f} ± {half:.4f}{sharpened}"


def _inflation(found: Sharpened, record: Record) -> str:
    """In words: points, a part of the error, or the metric's unit."""
    size, metric = detectable(found.sharpened.se), record.metrics[0]
    if spec_of(record, metric.name).skewed:
        return f"errors published {100 * -math.expm1(-size):.2g} % too low"
    facts = unit_facts(metric.unit)
    return f"an inflation of {facts.scale * size:.2g} {facts.difference}"
