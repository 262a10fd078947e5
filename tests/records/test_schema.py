"""Records of earlier days are read as they were written."""

from __future__ import annotations

import json

from bench.records import Record
from tests.records.factory import accuracy_scores, make_record


def test_what_was_called_knows_is_read_as_privileged() -> None:
    record = make_record(accuracy_scores(), algorithm__privileged="the kernel")
    written = json.loads(record.model_dump_json(by_alias=True))
    assert written["algorithm"]["privileged"] == "the kernel"
    written["algorithm"]["knows"] = written["algorithm"].pop("privileged")
    assert Record.model_validate(written) == record


def test_a_record_of_a_domain_that_is_not_installed_is_read() -> None:
    assert make_record(accuracy_scores(), suite__kind="estimation").suite.kind == "estimation"
