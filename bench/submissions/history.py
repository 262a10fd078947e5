"""The outcome of a verification, appended to the record. Earlier entries stay, a failure is an entry like any other."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench._version import __version__
from bench.moments import utc_text
from bench.records.amend import replace_record
from bench.submissions.report import Report


def verification(report: Report, by: str) -> dict[str, Any]:
    """The entry for a record's `verification`: level, verdict, who, when, with what, what was compared.

    `source_sha256` and `options` say which adapter answered, where one did; a pass is a pass for that source.
    """
    return {
        "level": report.level,
        "passed": report.passed,
        "by": by,
        "date": utc_text(),
        "tool_version": __version__,
        "k": report.k,
        "agree": report.agree,
        "max_abs_diff": report.max_abs_diff,
        "nonce": report.nonce,
        **({"audited": True} if any(found.check == "audit" for found in report.of("ok")) else {}),
        **({"episodes": report.k, "differing": report.k - report.agree} if report.level == "rescored" else {}),
        "log_sha256": hashlib.sha256(report.as_json().encode()).hexdigest(),
        **(asdict(report.answered) if report.answered else {}),
    }


def append_verification(folder: Path, report: Report, by: str) -> dict[str, Any]:
    """Append to record.json in `folder`, replacing the file as a whole; returns the entry.

    Raises StoreError when the file can't be read or written; it then is as it was.
    """
    entry = verification(report, by)
    replace_record(folder, lambda record: record.model_copy(update={"verification": [*record.verification, entry]}))
    return entry
