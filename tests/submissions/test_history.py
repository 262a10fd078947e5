"""Verifications are appended on request, never rewritten, and leave the bundle valid."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from bench.boards import build_boards
from bench.errors import StoreError
from bench.identity import code_sha256
from bench.learners.registry import find_learner
from bench.submissions.consistent import verify_consistent
from bench.submissions.history import append_verification
from tests.conftest import Cli

from .conftest import Cheat, Packed


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


def test_a_changed_learner_confirms_its_older_results_by_the_documented_command(
    cli: Cli, images: Packed, tmp_path: Path
) -> None:
    """The run was made with a source that is gone, another run with the installed one: only a spot check decides."""
    installed = code_sha256(find_learner("protonet").file)

    def store(key: str, source: str, **changes: object) -> Cheat:
        cheat = Cheat(Path(shutil.copytree(images.folder, tmp_path / "results" / "glyphs-5w1s" / "protonet" / key)))
        cheat.edit_record(lambda fields: fields.update(budget="full", key=key, **changes))
        cheat.edit_record(lambda fields: fields["algorithm"].update(source_sha256=source))
        return cheat

    older = store("older", "0" * 64)
    store("newer", installed, seed=1, finished="2099-01-01T00:00:00Z")

    def flags() -> dict[str, tuple[str, ...]]:
        return {key: row.flags for row in build_boards(tmp_path / "results")[0].rows for key in row.keys}

    def confirm() -> int:
        command = ("verify", older.folder, "--level", "spot", "-k", 5, "--record", "--by", "maintainer")
        return cli(*command, "--data-dir", images.data, "--device", "cpu").code

    assert flags()["older"] == ("older source",)
    assert confirm() == 0
    assert older.record.verification[-1]["source_sha256"] == installed
    assert older.record.verification[-1]["options"] == older.record.algorithm.options
    assert flags() == dict.fromkeys(("older", "newer"), ("seed 0 confirmed for newer source",))

    scores = older.scores()  # weights and scores that the installed source does not give
    scores["n_correct"] = 75 - scores["n_correct"]
    scores["score"] = scores["n_correct"] / 75
    older.write_scores(scores)
    older.fix_metrics()
    assert confirm() == 3
    assert [entry["passed"] for entry in older.record.verification] == [True, False]
    assert flags() == {"older": ("older source",), "newer": ()}
