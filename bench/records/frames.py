"""Many runs as pandas frames.

Roots default to the published records (`leaderboards/results` of the repository, where there is one) and `./runs`.
A run that lies under several roots counts once: the first root wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import UsageError
from bench.records.schema import Record
from bench.records.store import RunStore, StoredRun
from bench.resources import repository

if TYPE_CHECKING:
    import pandas as pd

# Column -> pandas type, so that an empty frame and a full one have the same columns and types.
_RESULTS = {
    "suite": "str",
    "suite.version": "Int64",
    "suite.kind": "str",
    "suite.pinned": "boolean",
    "algorithm": "str",
    "family": "str",
    "recipe": "str",
    "budget": "str",
    "seed": "Int64",
    "precision": "str",
    "status": "str",
    "reason": "str",
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
    "path": "str",
}
_SCORES = {
    "suite": "str",
    "algorithm": "str",
    "key": "str",
    "seed": "Int64",
    "episode": "int64",
    "metric": "str",
    "value": "float64",
}


def default_roots() -> tuple[Path, ...]:
    """Published records of the repository, then `./runs`; those of the two that exist."""
    checkout = repository()
    roots = ([checkout / "leaderboards" / "results"] if checkout else []) + [Path("runs")]
    return tuple(root for root in roots if root.is_dir())


def find_run(text: str, roots: Sequence[Path] = ()) -> tuple[RunStore, Path]:
    """The run that a directory, a key or its first letters name, below the first root that knows it.

    roots : [default: `default_roots`, else ./runs]. Raises UsageError as the last root does.
    """
    failures = []
    for root in roots or default_roots() or (Path("runs"),):
        store = RunStore(root)
        try:
            return store, store.resolve(text)
        except UsageError as error:
            failures.append(error)
    raise failures[-1]


def load_results(*roots: Path | str) -> pd.DataFrame:
    """One row per run and metric, names flattened with dots.

    A run without metrics (failed, skipped, interrupted) has one row with an empty metric and NaN numbers; a damaged
    directory one with status "damaged" and the problem as the reason. Units as in the record: accuracies are
    fractions in [0, 1], log-likelihoods nats per target point, times seconds unless the name says ms.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for _, run in each_run(roots):
        if run.record is None:
            suite, algo, key = run.place
            damaged = {"suite": suite, "algorithm": algo, "key": key, "status": "damaged", "reason": run.problem}
            rows.append(damaged | {"path": str(run.path)})
        else:
            common = _common(run.record) | {"path": str(run.path)}
            rows.extend(common | metric for metric in _metrics(run.record))
    frame = pd.DataFrame(rows, columns=list(_RESULTS))
    return frame.astype(_RESULTS)


def load_scores(*roots: Path | str, suite: str | None = None, algo: str | None = None) -> pd.DataFrame:
    """Per-episode scores of every run that has some: suite, algorithm, key, seed, episode, metric, value.

    Metrics have their names from the record (`score` of the file is the ranked one). Errors: Mismatch when scores
    are not those the record was written with; damaged directories are left out here and listed by `load_results`.
    """
    import pandas as pd

    parts: list[pd.DataFrame] = []
    for store, run in each_run(roots, suite, algo):
        record = run.record
        if record is None or record.scores is None or not record.metrics:
            continue
        scores = store.read_scores(run.path, record)
        for metric in record.metrics:
            column = score_column(record, metric.name)
            if column is None:
                continue
            part = pd.DataFrame({"episode": scores["episode"], "value": scores[column].astype("float64")})
            part["suite"], part["algorithm"] = record.suite.name, record.algorithm.name
            part["key"], part["seed"], part["metric"] = record.key, record.seed, metric.name
            parts.append(part[list(_SCORES)].astype(_SCORES))
    if not parts:
        return pd.DataFrame(columns=list(_SCORES)).astype(_SCORES)
    return pd.concat(parts, ignore_index=True)


def score_column(record: Record, metric: str) -> str | None:
    """The column of scores.parquet that holds a metric: its own name, `score` for the ranked one, else None."""
    columns = record.scores.columns if record.scores else []
    if metric in columns:
        return metric
    return "score" if record.metrics and record.metrics[0].name == metric else None


def each_run(
    roots: Sequence[Path | str], suite: str | None = None, algo: str | None = None
) -> Iterator[tuple[RunStore, StoredRun]]:
    """Every run below the roots (default: `default_roots`) with the store it lies in, once each."""
    seen: set[tuple[str, str, str]] = set()
    for root in map(Path, roots or default_roots()):
        store = RunStore(root)
        for run in store.runs(suite, algo):
            if run.place not in seen:
                seen.add(run.place)
                yield store, run


def _common(record: Record) -> dict[str, Any]:
    timing, environment = record.timing, record.environment
    return {
        "suite": record.suite.name,
        "suite.version": record.suite.version,
        "suite.kind": record.suite.kind,
        "suite.pinned": record.suite.pinned,
        "algorithm": record.algorithm.name,
        "family": record.algorithm.family,
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
    }


def _metrics(record: Record) -> list[dict[str, Any]]:
    return [
        {
            "metric": metric.name,
            "unit": metric.unit,
            "higher_is_better": metric.higher_is_better,
            "mean": metric.mean,
            "sd": metric.sd,
            "se": metric.se,
            "n": metric.n,
            "ci95.low": metric.ci95[0],
            "ci95.high": metric.ci95[1],
            "ci_method": metric.ci_method,
            "median": metric.median,
            "floored": metric.floored,
        }
        for metric in record.metrics
    ] or [{}]
