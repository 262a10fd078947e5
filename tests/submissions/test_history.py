"""Verifications are appended on request, never rewritten, and leave the bundle valid."""

from __future__ import annotations

import hashlib

import pytest

from bench.errors import StoreError
from bench.submissions.consistent import verify_consistent
from bench.submissions.history import append_verification

from .conftest import Cheat


def test_entries_are_appended_and_the_bundle_still_agrees(cheat: Cheat) -> None:
    first = verify_consistent(cheat.folder)
    append_verification(cheat.folder, first, "maintainer")
    again = verify_consistent(cheat.folder)
    again.demand()
    assert any(f.check == "verification" and f.verdict == "note" for f in again.findings)
    append_verification(cheat.folder, again, "maintainer")
    entries = cheat.record.verification
    assert [e["level"] for e in entries] == ["consistent", "consistent"]
    assert entries[0]["log_sha256"] == hashlib.sha256(first.as_json().encode()).hexdigest()
    assert set(entries[0]) >= {"level", "by", "date", "tool_version", "k", "agree", "max_abs_diff", "log_sha256"}
    assert not list(cheat.folder.glob(".*"))


def test_a_failure_is_recorded_too(cheat: Cheat) -> None:
    cheat.edit_record(lambda fields: fields["metrics"][0].update(mean=0.99))
    report = verify_consistent(cheat.folder)
    entry = append_verification(cheat.folder, report, "maintainer")
    assert entry["passed"] is False and entry["agree"] < entry["k"]


def test_nothing_is_written_beside_a_damaged_record(cheat: Cheat) -> None:
    report = verify_consistent(cheat.folder)
    (cheat.folder / "record.json").write_text("{")
    with pytest.raises(StoreError):
        append_verification(cheat.folder, report, "maintainer")
    assert (cheat.folder / "record.json").read_text() == "{"
