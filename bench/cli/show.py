"""One record on one screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from bench.boards.board.domain_facts import unit_facts
from bench.boards.render.fit import fitted
from bench.boards.render.record import metric_texts
from bench.boards.render.table import NONE
from bench.boards.render.table import Table as Numbers
from bench.domains.contract import MetricFacts
from bench.domains.registry import all_domains
from bench.records import Audit, Checkpoint, PublishedWeights, Record, RunStore, Timing, Validation
from bench.records.weights import CHECKPOINT


def record_panel(record: Record, path: Path, store: RunStore, width: int) -> RenderableType:
    """Scores first, in what columns there is room for, then what they mean and how to repeat them."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")  # a path is read whole or not at all
    for name, value in _facts(record, path).items():
        if value not in (None, "", "None"):
            table.add_row(f"[bold]{name}[/]", str(value))
    if not record.metrics:
        return table
    return Group(fitted(_scores(record, path, store), width, ("geometric mean", "mean (95 % closed CI)")).table, table)


def _scores(record: Record, path: Path, store: RunStore) -> Numbers:
    texts = metric_texts(store, path, record)
    errors = any(text.geometric != NONE for text in texts)
    rows = []
    for text, metric in zip(texts, record.metrics, strict=True):
        geometric = (text.geometric,) if errors else ()
        spread = _text(metric.sd, metric.unit), _text(metric.median, metric.unit), f"{metric.n:,}"
        rows.append((text.name, *geometric, text.mean, *spread, unit_facts(metric.unit).shown))
    ranked = ("geometric mean",) if errors else ()
    headers = ("metric", *ranked, "mean (95 % closed CI)", "sd", "median", "episodes", "unit")
    return Numbers("", headers, (False, *(True for _ in headers[1:-1]), False), tuple(rows))


def _text(value: float, unit: str) -> str:
    return MetricFacts(unit).text(value)


def _validation(record: Record, found: Validation) -> str:
    domain = all_domains().get(record.suite.kind)  # which need not be installed here
    unit = domain.metric(found.metric).unit if domain else ""
    return f"{found.metric} {_text(found.mean, unit)} at step {found.step:,}, of {found.checks} checks"


def _facts(record: Record, path: Path) -> dict[str, Any]:
    timing, protocol = record.timing, record.protocol
    train_shape = ""
    if protocol.train_shot:
        way = f"{protocol.train_way}-way " if protocol.train_way else ""
        train_shape = f", trained on {way}{protocol.train_shot}-shot, {protocol.train_query} queries"
    mode = "transductive" if protocol.transductive else "inductive"
    contended = ", machine contended" if timing.contended else ""
    dirty = " (with uncommitted changes)" if record.code.dirty else ""
    return {
        "status": record.status + (f": {record.reason}" if record.reason else ""),
        "suite": f"{record.suite.name}@{record.suite.version}{'' if record.suite.pinned else ' (unpinned)'}",
        "algorithm": f"{record.algorithm.name} ({record.algorithm.family}): {record.algorithm.title}",
        "options": ", ".join(f"{k}={v}" for k, v in record.algorithm.options.items()),
        "recipe": f"{record.recipe}, budget {record.budget}, seed {'n/a' if record.seed is None else record.seed}",
        "mode": mode + train_shape,
        "trained by": record.published_weights and _authors(record.published_weights),
        "audit": record.audit and _audit(record.audit),
        "attempts": "; ".join(f"{one.started} on {one.host}: {one.kind}, {one.reason}" for one in record.attempts),
        "validation": record.validation and _validation(record, record.validation),
        "training": timing.train_s
        and f"{timing.train_s:.1f} s" + (f", {rate:,.1f} episodes/s" if (rate := timing.train_episodes_per_s) else ""),
        "evaluation": timing.eval_episodes_per_s
        and f"{timing.eval_episodes_per_s:,.0f} episodes/s in batches of {timing.batch}{_latency(timing)}{contended}",
        "parameters": record.size and f"{record.size.parameters:,}",
        "weights": record.checkpoint and _weights(record.checkpoint, path),
        "memory": record.memory.peak_host_mib and f"{record.memory.peak_host_mib:,.0f} MiB at most",
        "hardware": f"{record.environment.hardware_class}, {record.environment.threads} threads, {record.precision}",
        "code": f"bench {record.code.bench_version}, commit {(record.code.commit or 'unknown')[:12]}{dirty}",
        "manifest": record.suite.manifest_sha256,
        "data": record.suite.data_fingerprint,
        "finished": record.finished,
        "command": record.command,
        "files": path,
    }


def _authors(weights: PublishedWeights) -> str:
    return f"the authors ({weights.paper}; {weights.licence}): {weights.name}, on {weights.trained_on}"


def _latency(timing: Timing) -> str:
    if timing.adapt_ms_p50 is None or timing.adapt_ms_p95 is None:
        return " by the run's own clock (`bench time` measures it alone)"
    return f"; one episode {timing.adapt_ms_p50:.2f} ms (p95 {timing.adapt_ms_p95:.2f} ms)"


def _weights(recorded: Checkpoint, path: Path) -> str:
    size = f"{recorded.bytes:,} bytes"
    if (path / CHECKPOINT).is_file():
        return f"{size}, beside the record"
    where, known = (f", at {recorded.uri}", "") if recorded.uri else ("", " --from STORE")
    return f"{size}, not here{where}: `bench weights fetch {path.name[:8]}{known}`"


def _audit(audit: Audit) -> str:
    """How many answers to official episodes were given otherwise when they were asked again."""
    asked = ", ".join(str(episode) for episode in audit.episodes)
    differing = ", ".join(f"{one.check} {one.differing:,} of {one.compared:,}" for one in audit.checks if one.differing)
    return f"episodes {asked} asked again: {f'differing: {differing}' if differing else 'all answers agree'}"
