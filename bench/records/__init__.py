"""What runs leave behind: the record, the store on disk, and pandas frames over many runs. Imports no torch."""

from bench.records.exposure import Exposure, exposure, shows_test_classes
from bench.records.frames import default_roots, each_run, find_run, load_results, load_scores, score_column
from bench.records.schema import (
    SCHEMA,
    AlgorithmRef,
    Audit,
    AuditCheck,
    Checkpoint,
    Code,
    Environment,
    Identity,
    Memory,
    Metric,
    Protocol,
    Record,
    Scores,
    Size,
    SuiteRef,
    Timing,
    Validation,
)
from bench.records.scores import describe_scores, scores_sha256
from bench.records.store import RunStore, StoredRun

__all__ = [
    "SCHEMA",
    "AlgorithmRef",
    "Audit",
    "AuditCheck",
    "Checkpoint",
    "Code",
    "Environment",
    "Exposure",
    "Identity",
    "Memory",
    "Metric",
    "Protocol",
    "Record",
    "RunStore",
    "Scores",
    "Size",
    "StoredRun",
    "SuiteRef",
    "Timing",
    "Validation",
    "default_roots",
    "describe_scores",
    "each_run",
    "exposure",
    "find_run",
    "load_results",
    "load_scores",
    "score_column",
    "scores_sha256",
    "shows_test_classes",
]
