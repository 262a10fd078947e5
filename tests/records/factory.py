"""Realistic records and scores for tests: what `bench run` would leave behind, made in microseconds."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.records import (
    AlgorithmRef,
    Checkpoint,
    Code,
    Environment,
    Metric,
    Protocol,
    Record,
    RunStore,
    Size,
    SuiteRef,
    Timing,
    describe_scores,
)

QUERIES = 75


def accuracy_scores(n: int = 2000, mean: float = 0.9, seed: int = 0, way: int = 5) -> pd.DataFrame:
    """Classification scores: accuracy = n_correct / 75, classes drawn from 20."""
    rng = np.random.default_rng(seed)
    correct = rng.binomial(QUERIES, np.clip(rng.normal(mean, 0.03, n), 0, 1))
    return pd.DataFrame(
        {
            "episode": np.arange(n),
            "score": correct / QUERIES,
            "n_correct": correct.astype(np.int32),
            "classes": [rng.permutation(20)[:way].astype(np.int32) for _ in range(n)],
            "floored": np.zeros(n, dtype=bool),
        }
    )


def regression_scores(n: int = 2000, mean: float = 0.2, seed: int = 0) -> pd.DataFrame:
    """Sinusoid scores: MSE after the last step, and after steps 0 and 1."""
    rng = np.random.default_rng(seed)
    mse = rng.lognormal(np.log(mean), 0.5, n)
    return pd.DataFrame(
        {
            "episode": np.arange(n),
            "score": mse,
            "mse@step0": mse * 20,
            "mse@step1": mse * 3,
            "floored": np.zeros(n, dtype=bool),
        }
    )


def metric(name: str, unit: str, higher: bool, values: np.ndarray) -> Metric:
    sd = float(np.std(values, ddof=1))
    se = sd / len(values) ** 0.5
    mean = float(np.mean(values))
    return Metric(
        name=name,
        unit=unit,
        higher_is_better=higher,
        mean=mean,
        sd=sd,
        se=se,
        n=len(values),
        ci95=(mean - 1.96 * se, mean + 1.96 * se),
        ci_method="t",
        median=float(np.median(values)),
    )


def make_record(scores: pd.DataFrame | None = None, **changes: Any) -> Record:
    """A record that fits `scores` (None: a failed run). Changes are field names, nested ones as `algorithm__name=`."""
    classification = scores is None or "n_correct" in scores
    metrics: list[Metric] = []
    if scores is not None and classification:
        metrics = [metric("accuracy", "fraction", True, scores["score"].to_numpy())]
    elif scores is not None:
        metrics = [metric("mse", "squared target unit", False, scores["score"].to_numpy())]
        metrics += [metric(n, "squared target unit", False, scores[n].to_numpy()) for n in scores if "@" in n]
    fields: dict[str, Any] = {
        "key": "",
        "status": "ok" if scores is not None else "failed",
        "reason": None if scores is not None else "the learner raised ValueError: wrong shape",
        "suite": SuiteRef(
            name="glyphs-5w1s" if classification else "sinusoid-10s",
            version=1,
            kind="classification" if classification else "regression",
            manifest_sha256="a1" * 32,
            data_fingerprint="b2" * 32 if classification else None,
            pinned=True,
            data_source="built in" if classification else None,
        ),
        "episodes": 0 if scores is None else len(scores),
        "algorithm": AlgorithmRef(
            name="protonet",
            family="metric",
            origin="baselines/protonet.py",
            title="Prototypical Networks (Snell et al. 2017).",
            options={"backbone": "conv4"},
            overrides={},
            trains=True,
            source_sha256="c3" * 32,
        ),
        "recipe": "fast",
        "budget": "full",
        "seed": 0,
        "protocol": Protocol(transductive=False, selection="validation"),
        "metrics": metrics,
        "timing": Timing(
            train_s=312.4, eval_episodes_per_s=410.0, batch=16, warmup=2, repeats=40, measured="2026-01-03T00:00:00Z"
        ),
        "size": Size(parameters=112_000),
        "environment": Environment(
            device="cpu",
            hardware_class="cpu-x86_64-2c",
            cpu="EPYC",
            cores=2,
            threads=2,
            ram_gib=24.0,
            os="Linux",
            python="3.11",
            versions={"torch": "2.14"},
        ),
        "code": Code(bench_version="0.1.0", commit="d4" * 20, dirty=False),
        "command": "",
        "started": "2026-01-02T03:04:05Z",
        "finished": "2026-01-02T03:10:05Z",
        "checkpoint": Checkpoint(sha256="e5" * 32, bytes=448_000),
        "scores": None if scores is None else describe_scores(scores),
    }
    if "algorithm__name" in changes:  # the baseline of that name, unless somebody says otherwise
        changes = {"algorithm__origin": f"baselines/{changes['algorithm__name']}.py", **changes}
    for name, value in changes.items():
        part, _, field = name.partition("__")
        fields[part] = fields[part].model_copy(update={field: value}) if field else value
    algo, suite = fields["algorithm"].name, fields["suite"].name
    identity = [
        algo, suite, fields["suite"].version, fields["seed"], fields["recipe"], fields["budget"],
        fields.get("precision", ""), sorted(fields["algorithm"].options.items()),
        fields["algorithm"].source_sha256, fields["protocol"].transductive,
    ]  # fmt: skip
    fields["key"] = fields["key"] or hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
    fields["command"] = fields["command"] or f"bench run --algo {algo} --suite {suite} --seeds {fields['seed']}"
    return Record.model_validate(fields)


def store_run(root: Path, scores: pd.DataFrame | None, **changes: Any) -> Path:
    """Write a run that fits the scores; returns its directory."""
    return RunStore(root).write(make_record(scores, **changes), scores, None, None, None)
