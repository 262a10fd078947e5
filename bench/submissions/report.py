"""What a verification found: a list of findings, from which the verdict follows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from bench.errors import Mismatch

Verdict = Literal["ok", "note", "suspicious", "mismatch"]
Level = Literal["consistent", "spot", "rescored", "fresh", "rerun"]

_SHOWN = 5  # mismatches named in the error; all of them are in the report


@dataclass(frozen=True)
class Finding:
    """One check and what it saw.

    verdict : "ok"; "note", something a reader should know; "suspicious", unlikely in honest results but no proof;
        "mismatch", a contradiction: the result is not what it claims to be
    """

    check: str
    verdict: Verdict
    text: str


@dataclass(frozen=True)
class Answered:
    """The adapter that answered a verification: the hash of its source, and every option it answered with."""

    source_sha256: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """Findings of one level, in the order of the checks.

    k, agree : how many episodes (runs, at level rerun) were compared and how many agreed, as the level defines it
    max_abs_diff : largest difference of a compared score, in the suite's unit; None where none was compared
    nonce : what chose the episodes, for whoever repeats the check
    answered : the adapter that ran; None where none did
    """

    level: Level
    findings: tuple[Finding, ...]
    k: int
    agree: int
    max_abs_diff: float | None = None
    nonce: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    answered: Answered | None = None

    @property
    def passed(self) -> bool:
        return not self.of("mismatch")

    def of(self, verdict: Verdict) -> list[Finding]:
        return [finding for finding in self.findings if finding.verdict == verdict]

    def as_json(self) -> str:
        """The whole report as canonical JSON: what `log_sha256` of a recorded verification hashes."""
        return json.dumps({**asdict(self), "passed": self.passed}, sort_keys=True, indent=1, ensure_ascii=False) + "\n"

    def demand(self) -> None:
        """Raise Mismatch naming what does not agree; nothing if everything does."""
        wrong = self.of("mismatch")
        if wrong:
            lines = [f"{finding.check}: {finding.text}" for finding in wrong[:_SHOWN]]
            more = [f"... and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
            raise Mismatch(
                f"Verification at level {self.level} failed.\n" + "\n".join(lines + more),
                "docs/submitting.md says what each check compares.",
            )


def ok(check: str, text: str) -> Finding:
    return Finding(check, "ok", text)


def note(check: str, text: str) -> Finding:
    return Finding(check, "note", text)


def suspicious(check: str, text: str) -> Finding:
    return Finding(check, "suspicious", text)


def mismatch(check: str, text: str) -> Finding:
    return Finding(check, "mismatch", text)
