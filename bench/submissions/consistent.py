"""Level consistent: everything that can be recomputed is. No submitted code runs, nothing is unpickled, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.errors import Mismatch, UsageError
from bench.submissions import declared, identity, numbers, plausible, possible, provenance
from bench.submissions.entry import Entry, read_entry
from bench.submissions.report import Finding, Report, mismatch
from bench.tasks.registry import find_suite
from bench.tasks.suites import Suite


def verify_consistent(
    folder: Path, against: Sequence[Path] = (), tasks_file: Path | None = None, submitted: bool = False
) -> Report:
    """Check the result in `folder` (see `container.opened`) against itself, its suite and known results.

    against : directories of records to compare with, for duplicates and plausibility
    submitted : a new submission must be a packed bundle without verifications

    All checks are made, whatever the others found; `k` and `agree` of the report count its checks.
    """
    findings: list[Finding] = []
    try:
        entry = read_entry(folder)
    except Mismatch as error:
        return _report([mismatch("schema", error.message)])
    findings += identity.check_files(entry)
    if submitted and entry.bundle is None:
        findings.append(mismatch("files", "not a packed bundle: `bench pack RUN` makes one"))
    findings += identity.check_history(entry, submitted)
    findings += identity.check_options(entry)
    findings += identity.check_adapter(entry)
    findings += identity.check_checkpoint(entry)
    findings += declared.check_checklist(entry)
    findings += declared.check_exposure(entry.record)
    findings += declared.check_published_weights(entry)
    findings += possible.check_dates(entry.record)
    findings += possible.check_timing(entry)
    findings += provenance.check_code(entry.record, possible.date_of(entry.record.finished), submitted)
    try:
        suite = find_suite(entry.record.suite.name, tasks_file)
    except UsageError as error:
        return _report([*findings, mismatch("suite", error.message)])
    findings += identity.check_suite(entry, suite)
    findings += _numbers(entry, suite, against)
    return _report(findings)


def _numbers(entry: Entry, suite: Suite, against: Sequence[Path]) -> list[Finding]:
    findings: list[Finding] = []
    try:
        findings += numbers.check_curve(entry, suite)
    except Mismatch as error:
        findings.append(mismatch("curve", error.message))
    try:
        scores = entry.scores()
    except Mismatch as error:
        return [*findings, mismatch("scores", error.message)]
    wrong = list(numbers.check_scores(entry, suite, scores))
    findings += wrong
    if {"score", "floored", "episode"} <= set(scores.columns) and scores["score"].dtype.kind == "f":
        findings += numbers.check_classes(entry, suite, scores)
        findings += numbers.check_metrics(entry, suite, scores)
        values = scores["score"].to_numpy(dtype=np.float64)
        known = plausible.known_results(entry.record, against)
        findings += plausible.check_duplicates(entry.record, values, known)
        findings += plausible.check_plausible(suite, entry.record, values, known)
    return findings


def _report(findings: list[Finding]) -> Report:
    wrong = sum(finding.verdict == "mismatch" for finding in findings)
    return Report("consistent", tuple(findings), k=len(findings), agree=len(findings) - wrong)
