"""`bench time`: how fast a finished run answers, measured alone on the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.errors import Mismatch
from bench.moments import utc_text
from bench.records import Record
from bench.records.amend import replace_record
from bench.records.lease import machine_alone
from bench.runs.environment import Contention, environment
from bench.runs.timing import REPEATS, WARMUP, adaptation_latency
from bench.submissions.agreement import differing, published_scores
from bench.submissions.entry import Entry
from bench.submissions.replay import Site, replay
from bench.training.precision import matmul_precision


def measure_speed(entry: Entry, site: Site, say: Callable[[str], None]) -> Record:
    """Score the run's episodes again with the clock running, time single ones, and put both into its record.

    The machine is had alone among processes of bench; what else it did meanwhile makes the timing `contended`. Raises
    what `replay` raises, and Mismatch where the same arithmetic does not give the scores of the record: a speed belongs
    to the answers that were given.
    """
    published = published_scores(entry)
    ready = replay(entry, site)
    batch, precision = max(1, entry.record.timing.batch), entry.record.precision
    with machine_alone(say):
        ready.block(0, min(batch, len(published)), batch)  # first calls allocate and compile
        contention, began = Contention(), time.perf_counter()
        again = ready.block(0, len(published), batch)
        seconds = time.perf_counter() - began
        with matmul_precision(precision):
            latency = adaptation_latency(ready.learner.eval(), ready.prepared.evaluation("test"), precision)
        contended = contention.busy()
    if ready.exact and differing(ready, published, again).any():
        raise Mismatch(f"{entry.folder}: the scores are not those of the record.", "bench verify PATH --level rescored")
    timing = entry.record.timing.model_copy(
        update={
            "eval_s": round(seconds, 3),
            "eval_episodes_per_s": round(len(again) / max(seconds, 1e-9), 3),
            "adapt_ms_p50": round(latency.p50, 4),
            "adapt_ms_p95": round(latency.p95, 4),
            "warmup": WARMUP,
            "repeats": REPEATS,
            "contended": contended,
            "measured": utc_text(),
            "hardware_class": environment(ready.prepared.device).hardware_class,
        }
    )
    return replace_record(entry.folder, lambda record: record.model_copy(update={"timing": timing}))
