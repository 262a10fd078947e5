"""What lists and frames say of a record: one value for each of `COMMON`, and one for each of `METRIC` per metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.records.schema import Metric, Record

# Column -> pandas type.
WHO = {
    "suite": "str",
    "suite.version": "Int64",
    "suite.kind": "str",
    "suite.pinned": "boolean",
    "algorithm": "str",
    "options": "str",
    "family": "str",
    "origin": "str",
    "recipe": "str",
    "budget": "str",
    "seed": "Int64",
    "precision": "str",
    "status": "str",
    "reason": "str",
}
HOW = {
    "transductive": "boolean",
    "external_data": "str",
    "parameters": "Int64",
    "timing.train_s": "float64",
    "timing.eval_episodes_per_s": "float64",
    "timing.adapt_ms_p50": "float64",
    "timing.adapt_ms_p95": "float64",
    "timing.contended": "boolean",
    "device": "str",
    "hardware_class": "str",
    "bench_version": "str",
    "started": "str",
    "key": "str",
}
COMMON = WHO | HOW
METRIC = {
    "metric": "str",
    "unit": "str",
    "higher_is_better": "boolean",
    "mean": "float64",
    "sd": "float64",
    "se": "float64",
    "n": "Int64",
    "ci95.low": "float64",
    "ci95.high": "float64",
    "ci_method": "str",
    "median": "float64",
    "floored": "Int64",
}


def summary(record: Record) -> dict[str, Any]:
    """`COMMON`, `episodes`, and of `METRIC` a list each, in the record's order of metrics."""
    timing, environment = record.timing, record.environment
    metrics = [_of_metric(metric) for metric in record.metrics]
    return {
        "suite": record.suite.name,
        "suite.version": record.suite.version,
        "suite.kind": record.suite.kind,
        "suite.pinned": record.suite.pinned,
        "algorithm": record.algorithm.name,
        "options": options_text(record.algorithm.overrides),
        "family": record.algorithm.family,
        "origin": record.algorithm.origin,
        "recipe": record.recipe,
        "budget": record.budget,
        "seed": record.seed,
        "precision": record.precision,
        "status": record.status,
        "reason": record.reason,
        "transductive": record.protocol.transductive,
        "external_data": ", ".join(record.protocol.external_data),
        "parameters": record.size.parameters if record.size else None,
        "timing.train_s": timing.train_s,
        "timing.eval_episodes_per_s": timing.eval_episodes_per_s,
        "timing.adapt_ms_p50": timing.adapt_ms_p50,
        "timing.adapt_ms_p95": timing.adapt_ms_p95,
        "timing.contended": timing.contended,
        "device": environment.device,
        "hardware_class": environment.hardware_class,
        "bench_version": record.code.bench_version,
        "started": record.started,
        "key": record.key,
        "episodes": record.episodes,
        **{name: [values[i] for values in metrics] for i, name in enumerate(METRIC)},
    }


def options_text(overrides: Mapping[str, Any]) -> str:
    """What was set beside a learner's defaults, `norm=batch`; "" for nothing.

    >>> options_text({"norm": "batch", "inner_steps": 5})
    'inner_steps=5 norm=batch'
    """
    return " ".join(f"{name}={value}" for name, value in sorted(overrides.items()))


def _of_metric(metric: Metric) -> tuple[Any, ...]:
    """In the order of `METRIC`."""
    return (
        metric.name,
        metric.unit,
        metric.higher_is_better,
        metric.mean,
        metric.sd,
        metric.se,
        metric.n,
        *metric.ci95,
        metric.ci_method,
        metric.median,
        metric.floored,
    )
